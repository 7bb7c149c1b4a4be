import { checkPattern } from '../../ownership/index.js';
import { CAPABILITIES, capabilityName } from '../../util/process/capabilities.js';
import { didYouMean } from '../../util/text/nearest-name.js';
import type { Problems } from '../diagnostics/problems.js';
import type { LockUse, Pattern } from '../plan.js';
import type { ListNode, MapNode, ScalarNode, Span, YamlNode } from '../yaml/yaml-node.js';
import { parseDuration } from './duration.js';
import type { ListStyle, SplitValue } from './part.js';
import type { Variables } from './variables.js';

/** A value as text, with its variables replaced, and where it stands. */
export interface TextAt {
  text: string;
  at: ScalarNode;
}

/** Where a text uses a list of files. */
const LIST: Readonly<Record<string, RegExp>> = {
  'split.files': /(?<!\$)\$\{\{ *split\.files *\}\}/,
  'split.owns': /(?<!\$)\$\{\{ *split\.owns *\}\}/,
};

/**
 * What Linux takes as one argument or one `NAME=value` of a program (MAX_ARG_STRLEN, which counts the NUL at the end);
 * a command is one argument of `sh -c`.
 */
const LONGEST_ARGUMENT = 128 * 1024 - 1;

/**
 * Reads single values of a plan. A value of the wrong type is what the schema already complained about, so it reads
 * as absent; what variables turned into something impossible is reported here.
 */
export class FieldReader {
  readonly #patterns = new Map<ListNode, Pattern[]>();

  /** `split` is what `${{ split.* }}` stands for: in texts, and in lists of patterns. */
  constructor(
    readonly variables: Variables,
    readonly problems: Problems,
    readonly split?: Readonly<Record<'texts' | 'patterns', ReadonlyMap<string, SplitValue>>>,
  ) {}

  /** Text, or nothing. */
  text(node: YamlNode | undefined, style: ListStyle = 'lines'): string | undefined {
    if (node?.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
    return this.variables.expand(node, this.split && { values: this.split.texts, style });
  }

  /** A shell command. */
  command(node: YamlNode | undefined, key: string): string | undefined {
    const command = this.filledText(node, key, 'shell');
    if (command === undefined || fits(command)) return command;
    const [message, hint] =
      this.split === undefined
        ? [
            `\`${key}\` is ${kibibytes(command)} long, and a command may have less than 128 KiB`,
            'put it in a script and run that',
          ]
        : [
            `with the files of a part, \`${key}\` is longer than the 128 KiB that a command may have`,
            'split into more parts',
          ];
    this.problems.addWrong(node!, message!, hint);
    return undefined;
  }

  /** Text that may not be empty. */
  filledText(node: YamlNode | undefined, key: string, style?: ListStyle): string | undefined {
    const text = this.text(node, style);
    if (text === undefined || /\S/.test(text)) return text;
    this.problems.addWrong(node!, `\`${key}\` is empty`);
    return undefined;
  }

  /** The texts of a list. */
  texts(node: YamlNode | undefined): TextAt[] {
    if (node?.kind !== 'list') return [];
    return node.items.flatMap((item) => {
      const text = this.text(item);
      return text === undefined ? [] : [{ text, at: item as ScalarNode }];
    });
  }

  /** Whole milliseconds, or nothing. */
  duration(node: YamlNode | undefined, key: string): number | undefined {
    if (node?.kind !== 'scalar') return undefined;
    const value = typeof node.value === 'number' ? node.value : this.text(node);
    if (value === undefined) return undefined;
    const ms = parseDuration(value);
    if (ms === undefined)
      this.problems.addWrong(
        node,
        `\`${key}\` must be a duration above zero and up to 24 days, such as 500ms, 90s, 20m or 1h30m; it is ${value}`,
      );
    return ms;
  }

  /** A whole number of at least `least`, or nothing. */
  count(node: YamlNode | undefined, key: string, least: number): number | undefined {
    if (node?.kind !== 'scalar') return undefined;
    if (typeof node.value === 'number')
      return Number.isInteger(node.value) && node.value >= least ? node.value : undefined;
    const text = this.text(node)?.trim();
    if (text === undefined) return undefined;
    if (/^\d{1,6}$/.test(text) && Number(text) >= least) return Number(text);
    this.problems.addWrong(
      node,
      `\`${key}\` must be a whole number, ${least} or more; it is ${JSON.stringify(text)}`,
    );
    return undefined;
  }

  /** What is added to the environment of programs. */
  environment(node: YamlNode | undefined): Record<string, string> {
    const record = this.record(node);
    for (const [name, value] of Object.entries(record)) {
      const variable = `${name}=${value}`;
      if (fits(variable)) continue;
      this.problems.addWrong(
        (node as MapNode).entries.get(name)!.value,
        `\`${name}\` and its value are ${kibibytes(variable)} long, and a variable of the environment may have less than 128 KiB`,
        this.split === undefined
          ? 'put the value in a file, and the path of that file here'
          : 'split into more parts',
      );
    }
    return record;
  }

  /** A map of names to text; numbers and truth values stay as they were written. */
  record(node: YamlNode | undefined): Record<string, string> {
    const record: Record<string, string> = Object.create(null);
    if (node?.kind !== 'map') return record;
    for (const { key, value } of node.entries.values()) {
      if (value.kind !== 'scalar' || value.value === null) continue;
      const text = this.variables.expand(value, this.split && { values: this.split.texts, style: 'lines' });
      if (text !== undefined) record[key] = text;
    }
    return record;
  }

  /** A map of names to text, numbers and truth values, as an agent's settings are. */
  settings(node: YamlNode | undefined): Record<string, string | number | boolean> {
    const settings: Record<string, string | number | boolean> = Object.create(null);
    if (node?.kind !== 'map') return settings;
    for (const { key, value } of node.entries.values()) {
      if (value.kind !== 'scalar' || value.value === null) continue;
      const setting = typeof value.value === 'string' ? this.variables.expand(value) : value.value;
      if (setting !== undefined) settings[key] = setting;
    }
    return settings;
  }

  /** Names of capabilities as the kernel has them, each once; what is none is reported. */
  capabilities(node: YamlNode | undefined): string[] | undefined {
    if (node?.kind !== 'list') return undefined;
    const names = this.texts(node).flatMap(({ text, at }) => {
      const name = capabilityName(text);
      if (name !== undefined) return [name];
      const plain = text.trim().replace(/^cap_/i, '');
      const hint = 'their names are in capabilities(7): sys_admin, net_admin, …';
      this.problems.addWrong(
        at,
        `no capability is called \`${text}\``,
        didYouMean(plain, CAPABILITIES) ?? hint,
      );
      return [];
    });
    return [...new Set(names)];
  }

  /** Locks in their canonical order, each once; taken twice, writing wins. */
  lockUses(node: YamlNode | undefined): LockUse[] {
    const modes = new Map<string, LockUse['mode']>();
    for (const { text } of this.texts(node)) modes.set(text, 'write');
    if (node?.kind === 'map')
      for (const [name, { value }] of node.entries)
        modes.set(name, this.text(value) === 'read' ? 'read' : 'write');
    return [...modes].map(([name, mode]) => ({ name, mode })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The good patterns of a list; bad ones are reported. A list that several tasks share is read once. */
  patterns(node: YamlNode | undefined): Pattern[] {
    if (node?.kind !== 'list') return [];
    const known = this.#patterns.get(node);
    if (known !== undefined) return known;
    const patterns = node.items
      .flatMap((item) => this.#patternTexts(item))
      .flatMap(({ text, at }) => {
        const problem = checkPattern(text);
        if (problem === null) return [{ text, at: this.problems.range(at) }];
        const { code, message, hint, start, end } = problem;
        this.problems.addOnce({ code, message, hint, at: this.#inside(at, text, start, end) });
        return [];
      });
    this.#patterns.set(node, patterns);
    return patterns;
  }

  /** The text of a pattern; one for each file of a part where it names the part's files. */
  #patternTexts(node: YamlNode): TextAt[] {
    if (node.kind !== 'scalar' || typeof node.value !== 'string') return [];
    const values = this.split?.patterns;
    const list = [...(values ?? [])].find(([name]) => LIST[name]?.test(node.text));
    const each = list === undefined || typeof list[1] === 'string' ? [undefined] : list[1];
    return each.flatMap((one) => {
      const local = one === undefined ? values : new Map([...values!, [list![0], one]]);
      const text = this.variables.expand(node, local && { values: local, style: 'lines' });
      return text === undefined ? [] : [{ text, at: node }];
    });
  }

  /** The place of a part of a scalar; the whole scalar where escapes, folding or variables make the two differ. */
  #inside(node: ScalarNode, text: string, start: number, end: number): Span {
    const quote = /["']/.test(this.problems.text[node.start] ?? '') ? 1 : 0;
    const from = node.start + quote;
    if (this.problems.text.slice(from, node.end - quote) !== text) return node;
    return { start: from + start, end: from + Math.max(end, start + 1) };
  }
}

function fits(argument: string): boolean {
  return Buffer.byteLength(argument) <= LONGEST_ARGUMENT;
}

function kibibytes(text: string): string {
  return `${(Buffer.byteLength(text) / 1024).toFixed(1)} KiB`;
}
