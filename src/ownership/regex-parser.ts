import { type CharSet, charSet, complement, EVERY_CHAR, rangesOf } from './char-set.js';
import { simplify } from './regex-simplify.js';
import { EMPTY, type Regex, sequence } from './regex-syntax.js';

/** A construct that no finite automaton (or not this one) can stand for; `message` names it. */
export class UndecidableConstruct extends Error {}

const DIGITS: CharSet = charSet([[48, 57]]);
const WORDS: CharSet = charSet([
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]);
/** WhiteSpace and LineTerminator of ECMA-262, 12.2 and 12.3. */
const SPACES: CharSet = charSet([
  [9, 13],
  [32, 32],
  [160, 160],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);
/** What a dot stands for: the flag `s` is on (see regexSourceOf). */
const ANYTHING: CharSet = complement(charSet([]));
const CLASS_ESCAPES: Readonly<Record<string, CharSet>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORDS,
  W: complement(WORDS),
  s: SPACES,
  S: complement(SPACES),
};
const CONTROL_ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

/**
 * picomatch's guards "no segment from here is `.` or `..`" and "the segment that begins here is not `.` or `..`". They
 * hold on every path that forge looks at (such segments never occur) at the places where picomatch writes them, and
 * no pattern can spell them, so the parser leaves them out; without them the automata are a fraction of the size.
 */
const GUARDS = ['(?!(?:^|\\/)\\.{1,2}(?:\\/|$))', '(?!\\.{1,2}(?:\\/|$))'];

const QUANTIFIER = /[*+?{]/;

/** Deeper nesting than anyone writes, and far less than the stack holds. */
const MAX_DEPTH = 400;

/**
 * Takes the `source` of a regular expression that JavaScript has accepted (no flags but `i`) and how sets of
 * characters are folded (the identity when case counts); gives its tree. The grammar is that of ECMA-262 with
 * Annex B, without the `u` flag. Throws UndecidableConstruct for lookbehind, back-references and word boundaries.
 */
export function parseRegex(source: string, fold: (set: CharSet) => CharSet): Regex {
  return simplify(new Parser(source, fold).alternatives());
}

class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly source: string,
    private readonly fold: (set: CharSet) => CharSet,
  ) {}

  alternatives(): Regex {
    const items = [this.sequence()];
    while (this.take('|')) items.push(this.sequence());
    return items.length === 1 ? items[0]! : { type: 'alt', items };
  }

  private sequence(): Regex {
    const items: Regex[] = [];
    while (this.at < this.source.length && this.source[this.at] !== '|' && this.source[this.at] !== ')') {
      items.push(this.quantified(this.atom()));
    }
    return sequence(items);
  }

  private atom(): Regex {
    if (GUARDS.some((guard) => this.take(guard))) return EMPTY;
    if (this.take('(?=')) return this.look(false);
    if (this.take('(?!')) return this.look(true);
    if (this.take('(?:') || this.take('(')) {
      if (this.source[this.at] === '?') throw new UndecidableConstruct(this.groupName());
      return this.closed();
    }
    if (this.take('^')) return { type: 'start' };
    if (this.take('$')) return { type: 'end' };
    if (this.take('.')) return { type: 'char', set: ANYTHING };
    if (this.take('[')) return { type: 'char', set: this.charClass() };
    if (this.take('\\')) return this.escape();
    const code = this.source.charCodeAt(this.at);
    this.at += 1;
    return this.one(code);
  }

  private groupName(): string {
    if (/^\?<[=!]/.test(this.source.slice(this.at))) return 'a lookbehind `(?<=…)` or `(?<!…)`';
    return `a group \`(${this.source.slice(this.at, this.at + 2)}…)\``;
  }

  private closed(): Regex {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new UndecidableConstruct(`more than ${MAX_DEPTH} nested groups`);
    const body = this.alternatives();
    this.take(')');
    this.depth -= 1;
    return body;
  }

  private look(negated: boolean): Regex {
    return { type: 'look', negated, body: this.closed() };
  }

  private one(code: number): Regex {
    return { type: 'char', set: this.fold([code, code]) };
  }

  private quantified(atom: Regex): Regex {
    if (!QUANTIFIER.test(this.source[this.at] ?? '')) return atom;
    const found = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/.exec(this.source.slice(this.at, this.at + 40));
    if (found === null) return atom;
    this.at += found[0].length;
    const [text, from, comma, to] = found;
    if (text[0] === '*') return { type: 'repeat', body: atom, min: 0, max: Number.POSITIVE_INFINITY };
    if (text[0] === '+') return { type: 'repeat', body: atom, min: 1, max: Number.POSITIVE_INFINITY };
    if (text[0] === '?') return { type: 'repeat', body: atom, min: 0, max: 1 };
    const min = Number(from);
    const max = comma === undefined ? min : to === '' ? Number.POSITIVE_INFINITY : Number(to);
    return { type: 'repeat', body: atom, min, max };
  }

  private escape(): Regex {
    const letter = this.source[this.at]!;
    const set = CLASS_ESCAPES[letter];
    if (set !== undefined) {
      this.at += 1;
      return { type: 'char', set: this.fold(set) };
    }
    if (letter === 'b' || letter === 'B') throw new UndecidableConstruct(`a word boundary \`\\${letter}\``);
    const number = /^[1-9]\d*/.exec(this.source.slice(this.at));
    if (number !== null && Number(number[0]) <= captures(this.source)) {
      throw new UndecidableConstruct(`a back-reference \`\\${number[0]}\``);
    }
    return this.one(this.escapedChar(false));
  }

  /** A character escape after its backslash; Annex B gives every odd one a meaning. */
  private escapedChar(inClass: boolean): number {
    const rest = this.source.slice(this.at, this.at + 5);
    const hex = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/.exec(rest);
    if (hex !== null) {
      this.at += hex[0].length;
      return Number.parseInt(hex[1] ?? hex[2]!, 16);
    }
    const octal = /^(?:[0-3][0-7]{0,2}|[4-7][0-7]?)/.exec(rest);
    if (octal !== null) {
      this.at += octal[0].length;
      return Number.parseInt(octal[0], 8);
    }
    if (rest[0] === 'c') {
      const control = (inClass ? /^c[A-Za-z0-9_]/ : /^c[A-Za-z]/).exec(rest);
      if (control === null) return 92; // the backslash itself; the `c` comes next
      this.at += 2;
      return control[0].charCodeAt(1) % 32;
    }
    this.at += 1;
    return CONTROL_ESCAPES[rest[0]!] ?? (inClass && rest[0] === 'b' ? 8 : rest.charCodeAt(0));
  }

  private charClass(): CharSet {
    const negated = this.take('^');
    const ranges: [number, number][] = [];
    const add = (member: number | CharSet): void => {
      if (typeof member === 'number') ranges.push([member, member]);
      else ranges.push(...rangesOf(member));
    };
    while (!this.take(']')) {
      const from = this.classMember();
      if (this.source[this.at] !== '-' || this.source[this.at + 1] === ']') {
        add(from);
        continue;
      }
      this.at += 1;
      const to = this.classMember();
      if (typeof from === 'number' && typeof to === 'number') ranges.push([from, to]);
      else for (const member of [from, 45, to]) add(member);
    }
    const set = charSet(ranges);
    const folded = set.length === 2 && set[0] === 0 && set[1] === EVERY_CHAR[1] ? set : this.fold(set);
    return negated ? complement(folded) : folded;
  }

  private classMember(): number | CharSet {
    if (!this.take('\\')) {
      this.at += 1;
      return this.source.charCodeAt(this.at - 1);
    }
    const set = CLASS_ESCAPES[this.source[this.at]!];
    if (set === undefined) return this.escapedChar(true);
    this.at += 1;
    return set;
  }

  private take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }
}

/** How many capturing groups a source has: a number after a backslash refers back only up to it. */
function captures(source: string): number {
  const bare = source.replace(/\\[\s\S]/g, '').replace(/\[[^\]]*\]/g, '');
  return bare.match(/\((?!\?)/g)?.length ?? 0;
}
