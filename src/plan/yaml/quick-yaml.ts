import type { ListNode, MapEntry, MapNode, ScalarNode, YamlNode } from './yaml-node.js';

/**
 * Most plans use little of YAML: block maps and lists, flow collections on one line, plain and quoted text on one
 * line, literal blocks. This reads just that, some ten times faster than the `yaml` package, which then need not even
 * be loaded (25 of the 60 ms that `forge check` of a small plan would take). It is never the judge of anything: at the
 * first character that is not plainly good it gives up, and `yaml` reads the text from the start. That both agree on
 * everything this accepts, offsets included, is tested with random texts (test/plan/quick-yaml.test.ts).
 */
export function parseQuickly(text: string): YamlNode | undefined {
  if (/[\t\r\u0085\u2028\u2029\ufeff]|^(?:---|\.\.\.|%)/m.test(text)) return undefined;
  try {
    return new QuickParser(text).parse();
  } catch (error) {
    if (error === UNSURE) return undefined;
    throw error;
  }
}

/** Thrown where `yaml` must decide. One object, since making an Error with its stack takes time. */
const UNSURE: unique symbol = Symbol('unsure');
const unsure = (): never => {
  throw UNSURE;
};

const KEY = /[A-Za-z0-9_][A-Za-z0-9_./-]*(?=:(?: |$))/my;
const PLAIN = /[A-Za-z0-9_./$(+=~^\\;][^\n]*/y;
const FLOW_PLAIN = /[A-Za-z0-9_./$(+=~^\\;][^,[\]{}:#\n]*/y;
const DOUBLE_QUOTED = /"[^"\\\n]*"/y;
const SINGLE_QUOTED = /'[^'\n]*'/y;
const LITERAL = /\|-?(?=\n)/y;
const REST_OF_LINE = /(?: +#[^\n]*| *)(?=\n|$)/y;
const INTEGER = /^[-+]?\d{1,15}$/;
const OTHER_NUMBER =
  /^(?:[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[\da-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

const DEEPEST = 32;

class QuickParser {
  /** Start of the line that is read next, or of its content that is left. */
  #at = 0;
  /** Column of the content at `#at`; -1 at the end of the text. */
  #indent = 0;
  #depth = 0;

  constructor(readonly text: string) {}

  parse(): YamlNode {
    this.#toContent();
    if (this.#indent !== 0 || this.#isDash()) unsure();
    const root = this.#map(0);
    return this.#indent === -1 ? root : unsure();
  }

  /** Moves from the start of a line to the first content from there on; blank lines and comments are skipped. */
  #toContent(): void {
    const { text } = this;
    for (;;) {
      const start = this.#at;
      let at = start;
      while (text.charCodeAt(at) === 32) at += 1;
      if (at >= text.length) {
        this.#indent = -1;
        return;
      }
      const char = text[at];
      if (char === '#') {
        const end = text.indexOf('\n', at);
        this.#at = end === -1 ? text.length : end + 1;
      } else if (char === '\n') this.#at = at + 1;
      else {
        this.#at = at;
        this.#indent = at - start;
        return;
      }
    }
  }

  #isDash(): boolean {
    return this.text.startsWith('- ', this.#at);
  }

  #map(indent: number): MapNode {
    this.#deeper();
    const start = this.#at;
    const entries = new Map<string, MapEntry>();
    let end = start;
    while (this.#indent === indent && !this.#isDash()) {
      const keyStart = this.#at;
      const key = this.#match(KEY) ?? unsure();
      const at = { start: keyStart, end: this.#at };
      this.#at += 1;
      const value = this.#mapValue(indent);
      if (entries.has(key)) unsure();
      entries.set(key, { key, at, value });
      end = value.end;
    }
    this.#depth -= 1;
    return { kind: 'map', entries, start, end };
  }

  #mapValue(indent: number): YamlNode {
    this.#spaces();
    const char = this.text[this.#at];
    if (char !== '\n' && char !== '#' && char !== undefined) {
      const literal = char === '|' ? this.#literal(indent) : undefined;
      return literal ?? this.#lineValue();
    }
    this.#endOfLine();
    if (this.#isDash() && this.#indent >= indent) return this.#list(this.#indent);
    return this.#indent > indent ? this.#map(this.#indent) : unsure();
  }

  #list(indent: number): ListNode {
    this.#deeper();
    const start = this.#at;
    const items: YamlNode[] = [];
    while (this.#indent === indent && this.#isDash()) {
      this.#at += 2;
      const before = this.#at;
      this.#spaces();
      const column = indent + 2 + this.#at - before;
      KEY.lastIndex = this.#at;
      if (KEY.test(this.text)) {
        this.#indent = column;
        items.push(this.#map(column));
      } else items.push(this.#lineValue());
    }
    // A list may stand at the indent of its key, where the next key follows it.
    this.#depth -= 1;
    return { kind: 'list', items, start, end: items.at(-1)!.end };
  }

  /** A value on one line. If it goes on below, further indented, no collection takes those lines and `parse` gives up. */
  #lineValue(): YamlNode {
    const node = this.#flowValue() ?? this.#plain(PLAIN);
    this.#endOfLine();
    return node;
  }

  /** Quoted text or a flow collection, if one begins here. */
  #flowValue(): YamlNode | undefined {
    const start = this.#at;
    switch (this.text[start]) {
      case '"':
        return this.#quoted(DOUBLE_QUOTED, start);
      case "'":
        return this.#quoted(SINGLE_QUOTED, start);
      case '[':
        return this.#flowList(start);
      case '{':
        return this.#flowMap(start);
      default:
        return undefined;
    }
  }

  #quoted(form: RegExp, start: number): ScalarNode {
    const text = (this.#match(form) ?? unsure()).slice(1, -1);
    return { kind: 'scalar', value: text, text, start, end: this.#at };
  }

  #flowList(start: number): ListNode {
    this.#deeper();
    const items: YamlNode[] = [];
    do {
      this.#at += 1;
      this.#spaces();
      if (items.length === 0 && this.text[this.#at] === ']') break;
      items.push(this.#flowValue() ?? this.#plain(FLOW_PLAIN));
      this.#spaces();
    } while (this.text[this.#at] === ',');
    if (this.text[this.#at] !== ']') unsure();
    this.#at += 1;
    this.#depth -= 1;
    return { kind: 'list', items, start, end: this.#at };
  }

  #flowMap(start: number): MapNode {
    this.#deeper();
    const entries = new Map<string, MapEntry>();
    do {
      this.#at += 1;
      this.#spaces();
      if (entries.size === 0 && this.text[this.#at] === '}') break;
      const keyStart = this.#at;
      const key = this.#match(KEY) ?? unsure();
      const at = { start: keyStart, end: this.#at };
      this.#at += 1;
      this.#spaces();
      const value = this.#flowValue() ?? this.#plain(FLOW_PLAIN);
      if (entries.has(key)) unsure();
      entries.set(key, { key, at, value });
      this.#spaces();
    } while (this.text[this.#at] === ',');
    if (this.text[this.#at] !== '}') unsure();
    this.#at += 1;
    this.#depth -= 1;
    return { kind: 'map', entries, start, end: this.#at };
  }

  #plain(form: RegExp): ScalarNode {
    const start = this.#at;
    let text = this.#match(form) ?? unsure();
    const comment = text.indexOf(' #');
    if (comment !== -1) text = text.slice(0, comment);
    text = text.trimEnd();
    if (text.includes(': ') || text.endsWith(':')) unsure();
    const end = start + text.length;
    this.#at = end;
    return { kind: 'scalar', value: typed(text), text, start, end };
  }

  /** A literal block below a key at `indent`, in its simplest form: no blank line first, no odd indents, no lines of spaces. */
  #literal(indent: number): ScalarNode {
    const { text } = this;
    const start = this.#at;
    const header = this.#match(LITERAL) ?? unsure();
    this.#at += 1;
    const first = this.#at;
    let width = first;
    while (text.charCodeAt(width) === 32) width += 1;
    width -= first;
    if (width <= indent) unsure();
    const margin = ' '.repeat(width);
    const lines: string[] = [];
    let filled = 0;
    let end = first;
    while (this.#at < text.length) {
      const lineEnd = text.indexOf('\n', this.#at);
      if (lineEnd === -1) unsure();
      const line = text.slice(this.#at, lineEnd);
      const column = line.search(/[^ ]/);
      if (line === '') lines.push('');
      else if (column === -1) unsure();
      else if (line.startsWith(margin)) {
        lines.push(line.slice(width));
        filled = lines.length;
        end = lineEnd + 1;
      } else if (column > indent) unsure();
      else break;
      this.#at = lineEnd + 1;
    }
    if (filled === 0) unsure();
    const value = lines.slice(0, filled).join('\n') + (header === '|' ? '\n' : '');
    this.#toContent();
    return { kind: 'scalar', value, text: value, start, end };
  }

  /** Only spaces and a comment may follow on this line. */
  #endOfLine(): void {
    if (this.#match(REST_OF_LINE) === undefined) unsure();
    if (this.#at < this.text.length) this.#at += 1;
    this.#toContent();
  }

  #spaces(): void {
    while (this.text.charCodeAt(this.#at) === 32) this.#at += 1;
  }

  #match(form: RegExp): string | undefined {
    form.lastIndex = this.#at;
    const found = form.exec(this.text);
    if (found === null) return undefined;
    this.#at = form.lastIndex;
    return found[0];
  }

  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > DEEPEST) unsure();
  }
}

/** The value of plain text in YAML's core schema. */
function typed(text: string): ScalarNode['value'] {
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (/^(?:~|null|Null|NULL)$/.test(text)) return null;
  if (INTEGER.test(text)) return Number(text);
  return OTHER_NUMBER.test(text) ? unsure() : text;
}
