import { Problems } from './diagnostics/problems.js';
import { FieldReader } from './tasks/field-reader.js';
import { Variables } from './tasks/variables.js';
import { parseYaml } from './yaml/yaml-tree.js';

/** A plan's `root` as it is written there, if it is. */
export interface WrittenRoot {
  text?: string;
}

/** The `root` of any plan, its variables replaced; undefined for what is no plan at all. */
export function parseRoot(file: string, text: string): WrittenRoot | undefined {
  const { root, lines } = parseYaml(text);
  if (root?.kind !== 'map') return undefined;
  const problems = new Problems(file, text, lines);
  const variables = new Variables(root.entries.get('vars')?.value, {}, problems);
  const node = root.entries.get('root')?.value;
  const written = new FieldReader(variables, problems).text(node);
  return node !== undefined && written === undefined ? undefined : { text: written };
}
