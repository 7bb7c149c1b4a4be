import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
} from 'yaml';
import type { Finding } from '../diagnostics/problems.js';
import type { MapEntry, MapNode, ScalarNode, Span, YamlNode } from './yaml-node.js';

/** A plan nests about seven levels; the composer of `yaml` and ours are recursive and must not exhaust the stack. */
const DEEPEST = 64;

/** Values that aliases may add to a document (the "billion laughs" attack adds 10^9 with a few lines). */
const MOST_ALIASED = 1_000_000;

/** Syntax errors that leave no doubt about the structure of the rest, so that the rest can still be checked. */
const HARMLESS = new Set([
  'BAD_DQ_ESCAPE',
  'BAD_DIRECTIVE',
  'KEY_OVER_1024_CHARS',
  'MULTIPLE_ANCHORS',
  'MULTIPLE_DOCS',
  'MULTIPLE_TAGS',
]);

const PLAIN_TAGS = /^(!|tag:yaml\.org,2002:(str|int|float|bool|null|map|seq))$/;

/**
 * The tree of a YAML document, with duplicate keys, merge keys (`<<`) and aliases resolved, what is wrong with its
 * syntax, and where its lines are. The tree is missing when the document is empty or when an error leaves doubt about
 * what the text means.
 */
export function parseYaml(text: string): { root?: YamlNode; findings: Finding[]; lines: LineCounter } {
  const findings: Finding[] = [];
  const lines = new LineCounter();
  const document = compose(text, lines, findings);
  if (document === undefined) return { findings, lines };
  let inDoubt = false;
  let toldTo = -1;
  for (const { code, message, pos } of document.errors) {
    // What follows an error on its line is mostly its consequence.
    if (pos[0] <= toldTo) continue;
    const lineEnd = text.indexOf('\n', pos[0]);
    toldTo = lineEnd === -1 ? text.length : lineEnd;
    findings.push({
      code: 'yaml-syntax',
      message: sentence(message),
      at: openingQuote(document.contents, text, message) ?? { start: pos[0], end: pos[1] },
      hint: syntaxHint(text, code, pos[0]),
    });
    inDoubt ||= !HARMLESS.has(code);
  }
  if (inDoubt || document.contents === null) return { findings, lines };
  const root = new TreeBuilder(text, findings).build(document.contents);
  return { root, findings, lines };
}

function compose(text: string, lines: LineCounter, findings: Finding[]): Document.Parsed | undefined {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > DEEPEST) {
      const at = { start: parser.offset - lexeme.length, end: parser.offset };
      findings.push({ code: 'yaml-syntax', message: `nested more than ${DEEPEST} levels deep`, at });
      return undefined;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  // `yaml` compares every key with all before it; TreeBuilder finds duplicates in linear time.
  const composer = new Composer({ uniqueKeys: false });
  const [first, second] = composer.compose(tokens, true, text.length);
  if (second !== undefined) {
    const start = text.indexOf('---', first!.range[1]);
    const at = start === -1 ? { start: second.range[0], end: second.range[0] } : { start, end: start + 3 };
    findings.push({
      code: 'yaml-syntax',
      message: 'a second document: a plan is a single YAML document',
      at,
    });
  }
  return first;
}

/** Turns the nodes of `yaml` into ours. */
class TreeBuilder {
  /** What each anchor names by now; undefined while the node is being built. */
  readonly #anchors = new Map<string, YamlNode | undefined>();
  /** How many values a node amounts to when its aliases are written out. */
  readonly #sizes = new Map<YamlNode, number>();
  #aliased = 0;

  constructor(
    readonly text: string,
    readonly findings: Finding[],
  ) {}

  build(node: ParsedNode | null | undefined, fallback = 0): YamlNode {
    if (node === null || node === undefined) return scalar(null, '', { start: fallback, end: fallback });
    const span = { start: node.range[0], end: node.range[1] };
    if (isAlias(node)) return this.#alias(node.source, span);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, undefined);
    const built = this.#content(node, span);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, built);
    return built;
  }

  #content(node: ParsedNode, span: Span): YamlNode {
    if (node.tag !== undefined && !PLAIN_TAGS.test(node.tag)) return this.#tagged(node, node.tag, span);
    if (isMap(node)) return this.#map(node.items as MapItems, span, node.flow === true);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.build(item as ParsedNode, span.start));
      return this.#sized({ kind: 'list', items, ...(node.flow ? span : trimmed(span, items)) }, items);
    }
    if (!isScalar(node)) throw new Error('a YAML node of no known kind');
    const { value } = node;
    const written = typeof value === 'string' ? value : (node.source ?? '');
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return scalar(value, written, span);
    return scalar(null, written, span);
  }

  #map(items: MapItems, span: Span, flow: boolean): MapNode {
    const entries = new Map<string, MapEntry>();
    const merged: YamlNode[] = [];
    for (const { key, value } of items) {
      const at =
        key === null ? { start: span.start, end: span.start } : { start: key.range[0], end: key.range[1] };
      if (isScalar(key) && key.value === '<<' && key.type === 'PLAIN') {
        merged.push(this.build(value, at.end));
        continue;
      }
      const name = this.#keyText(key, at);
      const entry = { key: name, at, value: this.build(value, at.end) };
      const first = entries.get(name);
      if (first === undefined) entries.set(name, entry);
      else this.#duplicate(name, at, first.at);
    }
    for (const source of merged) this.#merge(entries, source);
    const values = Array.from(entries.values(), (entry) => entry.value);
    return this.#sized({ kind: 'map', entries, ...(flow ? span : trimmed(span, values)) }, values);
  }

  #keyText(key: ParsedNode | null, at: Span): string {
    if (key === null) return '';
    const node = this.build(key, at.start);
    if (node.kind === 'scalar') return node.text;
    this.#wrong(at, `a key must be text, not a ${node.kind}`);
    return '';
  }

  #duplicate(name: string, at: Span, first: Span): void {
    const related = [{ at: first, message: 'first here' }];
    this.#wrong(at, `the key \`${name}\` is there twice`, 'remove or rename one of them', related);
  }

  #merge(entries: Map<string, MapEntry>, source: YamlNode): void {
    for (const from of source.kind === 'list' ? source.items : [source]) {
      if (from.kind === 'map') {
        for (const entry of from.entries.values()) if (!entries.has(entry.key)) entries.set(entry.key, entry);
      } else this.#wrong(from, '`<<` merges maps, not other values');
    }
  }

  #alias(name: string, at: Span): YamlNode {
    const target = this.#anchors.get(name);
    if (target !== undefined) {
      this.#aliased += this.#sizes.get(target) ?? 1;
      if (this.#aliased <= MOST_ALIASED) return target;
      // Told once: every alias after the first one too many would say the same.
      if (this.#aliased < Number.POSITIVE_INFINITY) {
        this.#wrong(at, `aliases make more than ${MOST_ALIASED} values of this document`);
        this.#aliased = Number.POSITIVE_INFINITY;
      }
      return scalar(null, '', at);
    }
    const written = this.text.slice(at.start, at.end);
    if (this.#anchors.has(name)) this.#wrong(at, `the alias *${name} contains itself`);
    else
      this.#wrong(
        at,
        `no anchor &${name} comes before this alias`,
        `a pattern that begins with \`*\` must be quoted: "${written}"`,
      );
    return scalar(written, written, at);
  }

  /** A tag where none belongs is nearly always a `!pattern` that was not quoted: go on as if it had been. */
  #tagged(node: ParsedNode, tag: string, span: Span): YamlNode {
    const start = Math.max(
      0,
      this.text.lastIndexOf('!', tag.startsWith('tag:') ? span.start - 2 : span.start),
    );
    const tagText = /^![^\s,[\]{}]*/.exec(this.text.slice(start, span.end + tag.length))?.[0] ?? tag;
    const written = [tagText, isScalar(node) ? String(node.value ?? '') : ''].join(' ').trim();
    const at = { start, end: Math.max(span.end, start + tagText.length) };
    const known = tag.startsWith('tag:');
    this.#wrong(
      { start, end: start + tagText.length },
      `\`${tagText}\` is a YAML tag here, and plans have none`,
      known ? 'remove the tag' : `a pattern that begins with \`!\` must be quoted: "${written}"`,
    );
    return scalar(written, written, at);
  }

  #wrong(at: Span, message: string, hint?: string, related?: Finding['related']): void {
    this.findings.push({ code: 'yaml-syntax', message, at, hint, related });
  }

  #sized<Node extends YamlNode>(node: Node, children: readonly YamlNode[]): Node {
    let size = 1;
    for (const child of children) size += this.#sizes.get(child) ?? 1;
    this.#sizes.set(node, size);
    return node;
  }
}

/** `yaml` counts blank lines and comments after a block collection to it; here it ends with its last value. */
function trimmed({ start, end }: Span, values: readonly YamlNode[]): Span {
  let last = start;
  for (const value of values) if (value.start >= start && value.end <= end) last = Math.max(last, value.end);
  return { start, end: last === start ? end : last };
}

type MapItems = readonly { key: ParsedNode | null; value: ParsedNode | null }[];

function scalar(value: ScalarNode['value'], text: string, { start, end }: Span): ScalarNode {
  return { kind: 'scalar', value, text, start, end };
}

/** Where the quote that was never closed opens: it is of more use than the end of the file, where `yaml` misses it. */
function openingQuote(contents: ParsedNode | null, text: string, message: string): Span | undefined {
  if (!message.startsWith('Missing closing') || !message.endsWith('quote')) return undefined;
  let last: unknown = contents;
  while (isMap(last) || isSeq(last)) {
    const item: unknown = last.items.at(-1);
    last = isPair(item) ? (item.value ?? item.key) : item;
  }
  if (!isScalar(last) || !last.range || !/["']/.test(text[last.range[0]] ?? '')) return undefined;
  return { start: last.range[0], end: last.range[0] + 1 };
}

function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** What to do about the usual mistakes. */
function syntaxHint(text: string, code: string, at: number): string | undefined {
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const lineEnd = text.indexOf('\n', at);
  const line = text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd);
  if (code === 'TAB_AS_INDENT') return 'indent with spaces';
  if (line.length < 10_000 && /[{[,][^"']*\$\{\{/.test(line))
    return 'inside { } and [ ], put values with variables in quotes';
  if (code === 'BAD_SCALAR_START') return 'put the value in quotes';
  if (code === 'BLOCK_AS_IMPLICIT_KEY' || code === 'BLOCK_IN_FLOW')
    return 'put text that contains `: ` in quotes';
  return undefined;
}
