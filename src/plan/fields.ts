import { checkPattern } from '../ownership/index.js';
import { parseDuration } from './duration.js';
import type { LockUse, Pattern } from './plan.js';
import type { Problems } from './problem.js';
import type { Variables } from './variables.js';
import type { ListNode, ScalarNode, Span, YamlNode } from './yaml-node.js';

/** A value as text, with its variables replaced, and where it stands. */
export interface TextAt {
  text: string;
  at: ScalarNode;
}

/**
 * Reads single values of a plan. A value of the wrong type is what the schema already complained about, so it reads
 * as absent; what variables turned into something impossible is reported here.
 */
export class Fields {
  readonly #patterns = new Map<ListNode, Pattern[]>();

  constructor(
    readonly variables: Variables,
    readonly problems: Problems,
    readonly source: string,
  ) {}

  /** Text, or nothing. */
  text(node: YamlNode | undefined): string | undefined {
    return node?.kind === 'scalar' && typeof node.value === 'string'
      ? this.variables.expand(node)
      : undefined;
  }

  /** Text that may not be empty, such as a command. */
  filledText(node: YamlNode | undefined, key: string): string | undefined {
    const text = this.text(node);
    if (text === undefined || /\S/.test(text)) return text;
    this.problems.addOnce({ code: 'schema', message: `\`${key}\` is empty`, at: node! });
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
      this.problems.addOnce({
        code: 'schema',
        message: `\`${key}\` must be a duration above zero and up to 24 days, such as 500ms, 90s, 20m or 1h30m; it is ${value}`,
        at: node,
      });
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
    const message = `\`${key}\` must be a whole number, ${least} or more; it is ${JSON.stringify(text)}`;
    this.problems.addOnce({ code: 'schema', message, at: node });
    return undefined;
  }

  /** A map of names to text, as `env` is; numbers and truth values stay as they were written. */
  record(node: YamlNode | undefined): Record<string, string> {
    const record: Record<string, string> = Object.create(null);
    if (node?.kind !== 'map') return record;
    for (const { key, value } of node.entries.values()) {
      if (value.kind !== 'scalar' || value.value === null) continue;
      const text = this.variables.expand(value);
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
    const patterns = this.texts(node).flatMap(({ text, at }) => {
      const problem = checkPattern(text);
      if (problem === null) return [{ text, at: this.problems.lines.range(at) }];
      const { code, message, hint, start, end } = problem;
      this.problems.addOnce({ code, message, hint, at: this.#inside(at, text, start, end) });
      return [];
    });
    this.#patterns.set(node, patterns);
    return patterns;
  }

  /** The place of a part of a scalar; the whole scalar where escapes, folding or variables make the two differ. */
  #inside(node: ScalarNode, text: string, start: number, end: number): Span {
    const quote = /["']/.test(this.source[node.start] ?? '') ? 1 : 0;
    const from = node.start + quote;
    if (this.source.slice(from, node.end - quote) !== text) return node;
    return { start: from + start, end: from + Math.max(end, start + 1) };
  }
}
