import type { YamlNode } from '../yaml/yaml-node.js';
import type { FieldReader } from './field-reader.js';

/** An environment variable's name, or a part of one and `*`. */
const RULE = /^!?[^\s=!][^\s=]*$/;

/** The plan's `secrets`, in their order. An entry that is no name of a variable is reported, without what may be its value. */
export function readSecretRules(node: YamlNode | undefined, fields: FieldReader): string[] {
  const first = new Map<string, YamlNode>();
  const rules: string[] = [];
  for (const { text, at } of fields.texts(node)) {
    if (!RULE.test(text)) {
      // Nothing after what may be a name: it may be the value.
      const [name] = /^!?[\w*]*/.exec(text)!;
      const shown = JSON.stringify(name === text ? text : `${name}…`);
      fields.problems.addOnce({
        code: 'schema',
        message: `\`secrets\`: ${shown} is not the name of a variable`,
        at,
        hideSource: true,
        hint: text.includes('=')
          ? 'only the name belongs here; the value is taken from the environment'
          : 'write NAME to mask its value, `!NAME` not to; `*` stands for any characters',
      });
      continue;
    }
    const opposite = text.startsWith('!') ? text.slice(1) : `!${text}`;
    const before = first.get(opposite);
    if (before !== undefined) {
      const message = `\`secrets\` both adds and takes away \`${text.replace('!', '')}\``;
      fields.problems.addWrong(at, message, undefined, [{ at: before, message: 'the other one' }]);
    }
    if (!first.has(text)) first.set(text, at);
    rules.push(text);
  }
  return rules;
}
