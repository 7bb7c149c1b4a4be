import { didYouMean } from '../../util/text/nearest-name.js';
import type { Task } from '../plan.js';
import { type Entries, entriesOf, type MapEntry, type YamlNode } from '../yaml/yaml-node.js';
import { FieldReader, type TextAt } from './field-reader.js';
import { type Part, type Splits, splitValues } from './part.js';
import { readSplit, type Split, type Tree } from './split.js';

export const DEFAULT_TIMEOUT = 30 * 60 * 1000;
const DEFAULT_AGENT = 'droid';

/** Looking for the closest name takes time; a plan with more unknown names than this has other troubles. */
const MOST_SUGGESTIONS = 100;

const NO_SETTINGS: Task['settings'] = Object.create(null);

/** What tasks take from the rest of the plan. */
export interface TaskDefaults {
  defaults: Entries;
  agents: Entries;
  env: Readonly<Record<string, string>>;
  /** Adapters that take prompts. */
  known: readonly string[];
  /** How a run that goes on divided its files. */
  kept: Splits;
  /** Where `split` looks for files; only there when a task has `split`. */
  tree: Tree | undefined;
}

/** Every task in the order of the file, as far as each can be read. */
export function readTasks(tasks: Entries, fields: FieldReader, defaults: TaskDefaults): Task[] {
  return new TaskReader(tasks, fields, defaults).read();
}

class TaskReader {
  readonly #settings = new Map<string, Task['settings']>();
  readonly #defaultEnv: Readonly<Record<string, string>>;
  readonly #splits = new Map<string, Split>();
  readonly #partIds = new Set<string>();
  #suggestions = 0;

  constructor(
    readonly tasks: Entries,
    readonly fields: FieldReader,
    readonly context: TaskDefaults,
  ) {
    const { defaults, agents, env } = context;
    this.#defaultEnv = merged(env, fields.environment(defaults.get('env')?.value));
    this.#agent(defaults.get('agent')?.value);
    for (const { key, at, value } of agents.values()) {
      if (key !== 'shell') this.#checkAgent(key, at);
      this.#settings.set(key, fields.settings(value));
    }
  }

  read(): Task[] {
    for (const entry of this.tasks.values()) this.#readSplit(entry);
    return [...this.tasks.values()].flatMap((entry) => {
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
    const entry = entriesOf(value).get('split') ?? this.context.defaults.get('split');
    if (entry === undefined) return;
    const split = readSplit(id, entry.value, this.fields, this.context);
    this.#splits.set(id, split);
    for (const part of split.parts) {
      const other = this.tasks.get(partId(part));
      this.#partIds.add(partId(part));
      if (other === undefined) continue;
      const message = `part ${part.index} of \`${id}\` would be called \`${other.key}\`, as another task is`;
      const related = [{ at: entry.at, message: `\`${id}\` is split here` }];
      this.fields.problems.addWrong(other.at, message, undefined, related);
    }
  }

  #fieldsOf(part: Part, rename: Split['rename']): FieldReader {
    const { variables, problems } = this.fields;
    return new FieldReader(variables, problems, {
      texts: splitValues(part, rename, false),
      patterns: splitValues(part, rename, true),
    });
  }

  #task({ key, at, value }: MapEntry, id: string, fields: FieldReader, part?: Part): Task {
    const own = entriesOf(value);
    const get = (name: string) => (own.get(name) ?? this.context.defaults.get(name))?.value;
    const run = fields.command(get('run'), 'run');
    const agent = own.has('run') ? this.#shell(own) : (this.#agent(get('agent')) ?? DEFAULT_AGENT);
    return {
      id,
      description: fields.text(get('description')),
      agent,
      prompt: fields.filledText(get('prompt'), 'prompt'),
      run,
      persona: own.has('run') ? undefined : fields.text(get('droid')),
      settings: this.#settings.get(agent) ?? NO_SETTINGS,
      owns: fields.patterns(get('owns')),
      reads: fields.patterns(get('reads')),
      needs: this.#needs(key, fields.texts(get('needs')), own.has('needs')),
      locks: fields.lockUses(get('locks')),
      verify: fields.command(get('verify'), 'verify'),
      timeout: fields.duration(get('timeout'), 'timeout') ?? DEFAULT_TIMEOUT,
      retries: fields.count(get('retries'), 'retries', 0) ?? 0,
      env: own.has('env')
        ? merged(this.#defaultEnv, fields.environment(own.get('env')!.value))
        : this.#defaultEnv,
      estimate: fields.duration(get('estimate'), 'estimate'),
      capabilities: fields.capabilities(get('capabilities')),
      part,
      at: fields.problems.range(at),
    };
  }

  #needs(id: string, names: readonly TextAt[], written: boolean): Task['needs'] {
    const needs = new Map<string, Task['needs'][number]>();
    for (const { text, at } of names) {
      // `defaults: { needs: [setup] }` also reaches setup itself, which nobody means.
      if (text === id && !written) continue;
      if (this.tasks.has(text) || this.#partIds.has(text)) {
        const parts = this.#splits.get(text)?.parts ?? [];
        for (const one of parts.length > 0 ? parts.map(partId) : [text])
          if (!needs.has(one)) needs.set(one, { id: one, at: this.fields.problems.range(at) });
        continue;
      }
      this.#suggestions += 1;
      this.fields.problems.addOnce({
        code: 'unknown-task',
        message: `no task is called \`${text}\``,
        at,
        hint: this.#suggestions > MOST_SUGGESTIONS ? undefined : didYouMean(text, this.tasks.keys()),
      });
    }
    return [...needs.values()];
  }

  /** The agent of a task that has `run`; it can't have another. */
  #shell(own: Entries): string {
    const agent = own.get('agent');
    const persona = own.get('droid');
    for (const entry of [agent, persona]) {
      if (entry === undefined || own.has('prompt')) continue;
      if (entry === agent && this.fields.text(entry.value) === 'shell') continue;
      this.fields.problems.addWrong(
        entry.at,
        `\`${entry.key}\` has no meaning beside \`run\`, which is a command`,
        `remove \`${entry.key}\`, or use \`prompt\` instead of \`run\``,
      );
    }
    return 'shell';
  }

  #agent(node: YamlNode | undefined): string | undefined {
    const name = this.fields.filledText(node, 'agent');
    if (name !== undefined) this.#checkAgent(name, node!);
    return name;
  }

  #checkAgent(name: string, at: { start: number; end: number }): void {
    const { known } = this.context;
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
