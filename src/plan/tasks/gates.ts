import type { Gate } from '../plan.js';
import { entriesOf, type YamlNode } from '../yaml/yaml-node.js';
import type { FieldReader } from './field-reader.js';
import { DEFAULT_TIMEOUT } from './tasks.js';

/** The plan's gates, as far as each can be read. `env` is the plan's. */
export function readGates(
  node: YamlNode | undefined,
  fields: FieldReader,
  env: Readonly<Record<string, string>>,
): Gate[] {
  if (node?.kind !== 'list') return [];
  const named = new Map<string, YamlNode>();
  return node.items.flatMap((item) => {
    const get = (key: string) => entriesOf(item).get(key)?.value;
    const name = fields.filledText(get('name'), 'name');
    const run = fields.command(get('run'), 'run');
    const timeout = fields.duration(get('timeout'), 'timeout') ?? DEFAULT_TIMEOUT;
    const own = fields.environment(get('env'));
    if (name === undefined || run === undefined) return [];
    const at = get('name')!;
    const first = named.get(name);
    if (first === undefined) named.set(name, at);
    else {
      const related = [{ at: first, message: 'the other one' }];
      fields.problems.addWrong(at, `two gates are called \`${name}\``, undefined, related);
    }
    const all = Object.assign(Object.create(null), env, own);
    return [{ name, run, timeout, env: all, at: fields.problems.range(item) }];
  });
}
