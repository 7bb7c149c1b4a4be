import { didYouMean } from '../../util/text/nearest-name.js';
import type { Task } from '../plan.js';
import type { MapEntry, MapNode, YamlNode } from '../yaml/yaml-node.js';
import { Fields, type TextAt } from './fields.js';
import { type Part, splitValues } from './part.js';
import { readSplit, type Split, type Splits, type Tree } from './split.js';

export const DEFAULT_TIMEOUT = 30 * 60 * 1000;
const DEFAULT_AGENT = 'droid';

/** Looking for the closest name takes time; a plan with more unknown names than this has other troubles. */
const MOST_SUGGESTIONS = 100;

const NOTHING: MapNode = { kind: 'map', entries: new Map(), start: 0, end: 0 };

const NO_SETTINGS: Task['settings'] = Object.create(null);

/** What tasks take from the rest of the plan. */
export interface Surroundings {
  defaults: YamlNode | undefined;
  agents: YamlNode | undefined;
  env: Readonly<Record<string, string>>;
  /** Adapters that take prompts. */
  known: readonly string[];
  /** How a run that goes on divided its files. */
  kept: Splits;
  /** Where `split` looks for files; only there when a task has `split`. */
  tree: Tree | undefined;
}

/** Takes the map of tasks; gives every task in the order of the file, as far as each can be read. Problems go to `fields.problems`. */
export function readTasks(tasks: MapNode, fields: Fields, surroundings: Surroundings): Task[] {
  return new TaskReader(tasks, fields, surroundings).read();
}

class TaskReader {
  readonly #defaults: MapNode;
  readonly #settings = new Map<string, Task['settings']>();
  readonly #defaultEnv: Readonly<Record<string, string>>;
  readonly #splits = new Map<string, Split>();
  readonly #partIds = new Set<string>();
  #suggestions = 0;

  constructor(
    readonly tasks: MapNode,
    readonly fields: Fields,
    readonly surroundings: Surroundings,
  ) {
    const { defaults, agents, env } = surroundings;
    this.#defaults = defaults?.kind === 'map' ? defaults : NOTHING;
    this.#defaultEnv = merged(env, fields.environment(this.#defaults.entries.get('env')?.value));
    this.#agent(this.#defaults.entries.get('agent')?.value);
    if (agents?.kind !== 'map') return;
    for (const { key, at, value } of agents.entries.values()) {
      if (key !== 'shell') this.#checkAgent(key, at);
      this.#settings.set(key, fields.settings(value));
    }
  }

  read(): Task[] {
    for (const entry of this.tasks.entries.values()) this.#readSplit(entry);
    return [...this.tasks.entries.values()].flatMap((entry) => {
      const split = this.#splits.get(entry.key);
      if (split === undefined) return [this.#task(entry, entry.key, this.fields)];
      if (split.parts.length > 0) {
        return split.parts.map((part) =>
          this.#task(entry, partId(part), this.#fieldsOf(part, split.rename), part),
        );
      }
      // What is wrong with the rest of the task is to be told too.
      const nothing = { of: entry.key, index: 1, count: 1, files: ['file'] };
      return [this.#task(entry, entry.key, this.#fieldsOf(nothing, split.rename))];
    });
  }

  #readSplit({ key: id, value }: MapEntry): void {
    const own = value.kind === 'map' ? value.entries.get('split') : undefined;
    const entry = own ?? this.#defaults.entries.get('split');
    if (entry === undefined) return;
    const split = readSplit(id, entry.value, this.fields, this.surroundings);
    this.#splits.set(id, split);
    for (const part of split.parts) {
      const other = this.tasks.entries.get(partId(part));
      this.#partIds.add(partId(part));
      if (other === undefined) continue;
      this.fields.problems.addOnce({
        code: 'schema',
        message: `part ${part.index} of \`${id}\` would be called \`${other.key}\`, as another task is`,
        at: other.at,
        related: [{ at: entry.at, message: `\`${id}\` is split here` }],
      });
    }
  }

  #fieldsOf(part: Part, rename: Split['rename']): Fields {
    const { variables, problems, source } = this.fields;
    return new Fields(variables, problems, source, {
      texts: splitValues(part, rename, false),
      patterns: splitValues(part, rename, true),
    });
  }

  #task({ key, at, value }: MapEntry, id: string, fields: Fields, part?: Part): Task {
    const own = (value.kind === 'map' ? value : NOTHING).entries;
    const get = (name: string) => (own.get(name) ?? this.#defaults.entries.get(name))?.value;
    const run = fields.command(get('run'), 'run');
    const agent = own.has('run') ? this.#shell(own) : (this.#agent(get('agent')) ?? DEFAULT_AGENT);
    return {
      id,
      ...optional('description', fields.text(get('description'))),
      agent,
      ...optional('prompt', fields.filledText(get('prompt'), 'prompt')),
      ...optional('run', run),
      ...optional('persona', own.has('run') ? undefined : fields.text(get('droid'))),
      settings: this.#settings.get(agent) ?? NO_SETTINGS,
      owns: fields.patterns(get('owns')),
      reads: fields.patterns(get('reads')),
      needs: this.#needs(key, fields.texts(get('needs')), own.has('needs')),
      locks: fields.lockUses(get('locks')),
      ...optional('verify', fields.command(get('verify'), 'verify')),
      timeout: fields.duration(get('timeout'), 'timeout') ?? DEFAULT_TIMEOUT,
      retries: fields.count(get('retries'), 'retries', 0) ?? 0,
      env: own.has('env')
        ? merged(this.#defaultEnv, fields.environment(own.get('env')!.value))
        : this.#defaultEnv,
      ...optional('estimate', fields.duration(get('estimate'), 'estimate')),
      ...optional('capabilities', fields.capabilities(get('capabilities'))),
      ...optional('part', part),
      at: fields.problems.lines.range(at),
    };
  }

  #needs(id: string, names: readonly TextAt[], written: boolean): Task['needs'] {
    const needs = new Map<string, Task['needs'][number]>();
    for (const { text, at } of names) {
      // `defaults: { needs: [setup] }` also reaches setup itself, which nobody means.
      if (text === id && !written) continue;
      if (this.tasks.entries.has(text) || this.#partIds.has(text)) {
        const parts = this.#splits.get(text)?.parts ?? [];
        for (const one of parts.length > 0 ? parts.map(partId) : [text])
          if (!needs.has(one)) needs.set(one, { id: one, at: this.fields.problems.lines.range(at) });
        continue;
      }
      this.#suggestions += 1;
      this.fields.problems.addOnce({
        code: 'unknown-task',
        message: `no task is called \`${text}\``,
        at,
        hint: this.#suggestions > MOST_SUGGESTIONS ? undefined : didYouMean(text, this.tasks.entries.keys()),
      });
    }
    return [...needs.values()];
  }

  /** The agent of a task that has `run`; it can't have another. */
  #shell(own: MapNode['entries']): string {
    const agent = own.get('agent');
    const persona = own.get('droid');
    for (const entry of [agent, persona]) {
      if (entry === undefined || own.has('prompt')) continue;
      if (entry === agent && this.fields.text(entry.value) === 'shell') continue;
      this.fields.problems.add({
        code: 'schema',
        message: `\`${entry.key}\` has no meaning beside \`run\`, which is a command`,
        at: entry.at,
        hint: `remove \`${entry.key}\`, or use \`prompt\` instead of \`run\``,
      });
    }
    return 'shell';
  }

  #agent(node: YamlNode | undefined): string | undefined {
    const name = this.fields.filledText(node, 'agent');
    if (name !== undefined) this.#checkAgent(name, node!);
    return name;
  }

  #checkAgent(name: string, at: { start: number; end: number }): void {
    const { known } = this.surroundings;
    if (known.includes(name)) return;
    this.fields.problems.addOnce({
      code: 'unknown-agent',
      message:
        name === 'shell' ? '`shell` takes no prompts: it is for `run`' : `no agent is called \`${name}\``,
      at,
      hint: didYouMean(name, known) ?? `known agents: ${known.join(', ')}`,
    });
  }
}

/** `migrate.1`. */
function partId({ of, index }: Part): string {
  return `${of}.${index}`;
}

/** Both records in one without a prototype; the second wins. */
function merged(
  first: Readonly<Record<string, string>>,
  second: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.assign(Object.create(null), first, second);
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  // A cast, because TypeScript widens computed keys.
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
