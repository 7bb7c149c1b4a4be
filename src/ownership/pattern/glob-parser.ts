import { charSet, foldSet } from '../automaton/char-set.js';
import {
  ANYTHING,
  alt,
  char,
  END,
  EXTENSION,
  type Expression,
  IN_SEGMENT,
  literalText,
  MORE,
  repeat,
  SLASH,
  seq,
  type Times,
} from '../automaton/expression.js';
import { readCharClass } from './char-class.js';
import { escapedAt, GlobProblem, negatedGroup, quoted, refused, unpaired } from './glob-problem.js';

/** Longer patterns are refused: Linux takes no longer path. */
const MAX_LENGTH = 4096;
/** Deeper nesting than anyone writes, and far less than the stack holds. */
const MAX_DEPTH = 100;
const NAME = repeat(IN_SEGMENT, '*');

/** What the token before was: picomatch reads stars, dots and signs by it. */
type Kind =
  | 'start'
  | 'slash'
  | 'dot'
  | 'text'
  | 'star'
  | 'one'
  | 'class'
  | 'brace'
  | 'comma'
  | 'paren'
  | 'plus';

/** One of the choices in braces or parentheses; `from` and `to` are the offsets of its text. */
interface Choice {
  items: Expression[];
  from: number;
  to: number;
}

/**
 * The set of paths that a glob (without leading `!` or `./`) matches: exactly what picomatch 4.0.7 with `dot: true`
 * and the flag `s` makes of it, of all paths that a task may own. Its lib/parse.js is the reference for everything
 * here that looks arbitrary, and the property tests hold the two together. What picomatch reads in a way that nobody
 * can mean is refused. With `folded`, characters are folded as in `caseFolding`.
 * @throws GlobProblem
 */
export function parseGlob(glob: string, folded: boolean): Expression {
  if (glob.length > MAX_LENGTH)
    throw new GlobProblem(`the pattern is longer than ${MAX_LENGTH} characters`, 0, glob.length);
  return wholeGlob(glob, folded) ?? new GlobParser(glob, folded).parse();
}

/** Globs for which picomatch has an expression of its own (fastpaths), where that differs from what the parts say. */
function wholeGlob(glob: string, folded: boolean): Expression | undefined {
  if (glob === '*.*' || glob === '**/*.*') {
    const name = seq(NAME, literalText('.', folded), repeat(IN_SEGMENT, '+'));
    return glob === '*.*' ? name : seq(repeat(seq(ANYTHING, SLASH), '?'), name);
  }
  if (/^(?:\*\*\/)+$/.test(glob)) return seq(ANYTHING, SLASH);
  return /^\*\*(?:\.\w+)+$/.test(glob) ? seq(ANYTHING, literalText(glob.slice(2), folded)) : undefined;
}

class GlobParser {
  #at = 0;
  #previous: Kind = 'start';
  /** What was before the slash that `#previous` is. */
  #beforeSlash: Kind = 'start';
  #braces = 0;
  #parens = 0;
  /** Some syntax makes picomatch write its expression anew, and then it takes a dot behind other text for any character. */
  #rewritten: GlobProblem | undefined;
  #dotInText = false;

  constructor(
    readonly glob: string,
    readonly folded: boolean,
  ) {}

  parse(): Expression {
    const [whole] = this.#choices('', '', -1);
    if (this.#dotInText && this.#rewritten !== undefined) throw this.#rewritten;
    return seq(...whole!.items);
  }

  /** The choices of the group that the bracket at `open` opens, up to its closing bracket; -1 for the whole glob. */
  #choices(separator: ',' | '|' | '', closer: '}' | ')' | '', open: number): Choice[] {
    const { glob } = this;
    let choice: Choice = { items: [], from: this.#at, to: 0 };
    const choices = [choice];
    for (let one = glob[this.#at]; one !== closer; one = glob[this.#at]) {
      if (one === undefined && open >= 0) throw unpaired(glob, open);
      if (one === undefined) break;
      if (one !== separator) {
        choice.items.push(...this.#token(one, choice.items));
        continue;
      }
      choice.to = this.#at;
      this.#take(separator === ',' ? 'comma' : 'text', 1);
      choice = { items: [], from: this.#at, to: 0 };
      choices.push(choice);
    }
    choice.to = this.#at;
    return choices;
  }

  /** Moves on by a token, and gives what it stands for. */
  #take(kind: Kind, length: number, ...items: Expression[]): Expression[] {
    if (kind === 'slash') this.#beforeSlash = this.#previous;
    this.#previous = kind;
    this.#at += length;
    return items;
  }

  #text(text: string): Expression {
    return literalText(text, this.folded);
  }

  #token(one: string, before: Expression[]): Expression[] {
    const { glob } = this;
    const at = this.#at;
    if (glob[at + 1] === '(') {
      if (one === '!') throw negatedGroup(glob, at);
      if (one === '?' || one === '+' || one === '*') return this.#parentheses(at + 1, one);
      if (one === '@') return this.#parentheses(at + 1);
    }
    switch (one) {
      case '\\':
        return this.#escape(escapedAt(glob, at));
      case '/':
        return this.#take('slash', 1, SLASH);
      case '.':
        return this.#dot();
      case '*':
        return this.#stars(before);
      case '?':
        if (this.#previous === 'paren') throw refused('optional', at, 1);
        return this.#take('one', 1, IN_SEGMENT);
      case '[': {
        const { expression, end } = readCharClass(glob, at, this.folded);
        if (this.#parens > 0 && glob.slice(at, end).includes('|'))
          throw refused('bar in class', at, end - at);
        return this.#take('class', end - at, expression);
      }
      case '{':
        return this.#braceGroup(at);
      case '(':
        return this.#parentheses(at);
      case '}':
      case ')':
      case ']':
        throw unpaired(glob, at);
      case ',':
        return this.#take('comma', 1, this.#text(','));
      case '|':
        throw refused('bar', at, 1);
      case '"':
        throw quoted(glob, at);
      case '!':
        if (at === 0) throw refused('late negation', at, 1);
        return this.#take('text', 1, this.#text(one));
      case '+':
        if (this.#parens > 0 || /class|paren|brace/.test(this.#previous)) throw refused('plus', at, 1);
    }
    // In a glob of one plain segment, picomatch escapes the first of a run of signs and not the others.
    if (/[+$^]/.test(one) && glob[at - 1] === one && !/^\*|[/()[\]{}"]/.test(glob))
      throw refused('run', at - 1, 2);
    return this.#take(one === '+' ? 'plus' : 'text', 1, this.#text(one));
  }

  #escape(at: number): Expression[] {
    const one = this.glob[at]!;
    if (one === '/' || one === '\\') throw refused(one === '/' ? 'slash' : 'backslash', at - 1, 2);
    this.#at = at;
    return one === '.' ? this.#dot() : this.#take('text', 1, this.#text(one));
  }

  #dot(): Expression[] {
    const { glob } = this;
    const nested = this.#braces + this.#parens > 0;
    if (this.#braces > 0 && this.#previous === 'dot') throw refused('range', this.#at - 1, 2);
    if (!nested && this.#previous !== 'start' && this.#previous !== 'slash') {
      this.#dotInText ||= this.#previous === 'text';
      return this.#take('text', 1, this.#text('.'));
    }
    const asks =
      nested && this.#previous !== 'slash' && /^\*(?!\()/.test(glob.slice(this.#at + 1, this.#at + 3));
    return this.#take('dot', 1, this.#text('.'), ...(asks ? [EXTENSION] : []));
  }

  #stars(before: Expression[]): Expression[] {
    const { glob } = this;
    const count = /^\*+/.exec(glob.slice(this.#at))![0].length;
    const group = glob[this.#at + count] === '(';
    if (group && count > 2) throw refused('stars and group', this.#at, count + 1);
    if (count === 1) {
      const first = this.#previous === 'start' || this.#previous === 'slash';
      return this.#take('star', 1, ...(first ? [MORE, NAME] : [NAME]));
    }
    // The last star before a parenthesis belongs to the group.
    if (group) return this.#take('star', 1, NAME);
    if (!this.#opensSegment()) return this.#take('star', count, NAME);
    if (count === 2) return this.#globstar(before);
    if (glob !== '***') this.#rewritten = refused('stars', this.#at, count);
    return this.#take('star', count, NAME);
  }

  /** Whether `**` here may stand for segments. */
  #opensSegment(): boolean {
    if (this.#previous === 'brace' || this.#previous === 'comma') return this.#braces > 0;
    return /start|slash|paren/.test(this.#previous);
  }

  /** `**`, with the slash behind it and the one before it, which is taken off the items. */
  #globstar(before: Expression[]): Expression[] {
    const { glob } = this;
    let length = 2;
    while (/^\/\*\*(?:\/|$)/.test(glob.slice(this.#at + length, this.#at + length + 4))) length += 3;
    const rest = glob.slice(this.#at + length);
    const start = this.#previous === 'start';
    const below = this.#previous === 'slash' && this.#beforeSlash !== 'start';
    const last = below && this.#beforeSlash !== 'star' && /^\)*$/.test(rest) && rest.length === this.#parens;
    if (last || (below && rest[0] === '/')) before.pop();
    if (last) return this.#take('star', length, alt(seq(SLASH, ANYTHING), END));
    if (rest[0] === '/' && (start || below)) {
      this.#take('star', length);
      if (start) return this.#take('slash', 1, repeat(seq(ANYTHING, SLASH), '?'));
      return this.#take('slash', 1, alt(seq(SLASH, ANYTHING, SLASH), SLASH, ...(rest === '/' ? [] : [END])));
    }
    const stays = /^$|^[/(){]|^@\(/.test(rest) || (this.#braces > 0 && /^[,}]/.test(rest));
    return this.#take('star', length, stays ? ANYTHING : NAME);
  }

  #parentheses(open: number, times?: Times): Expression[] {
    const { glob } = this;
    if (glob[open + 1] === '?') throw refused('assertion', open, 2);
    this.#nest();
    this.#parens += 1;
    this.#take('paren', open + 1 - this.#at);
    const choices = this.#choices('|', ')', open);
    this.#parens -= 1;
    const choice = alt(...choices.map(({ items }) => seq(...items)));
    if (times === undefined) return this.#take('paren', 1, choice);
    const risky = times !== '?' && isRisky(choices.map(({ from, to }) => glob.slice(from, to).trim()));
    if (risky) throw refused('repetition', open - 1, this.#at + 2 - open);
    return this.#take('paren', 1, repeat(choice, times));
  }

  #braceGroup(open: number): Expression[] {
    const { glob } = this;
    const range = /^\{([A-Za-z0-9])\.\.([A-Za-z0-9])\}/.exec(glob.slice(open, open + 6));
    if (range !== null) {
      const [from, to] = [range[1]!, range[2]!].sort() as [string, string];
      this.#rewritten = refused('range and dot', open, 6, `write \`[${from}-${to}]\``);
      const set = charSet([[from.charCodeAt(0), to.charCodeAt(0)]]);
      return this.#take('brace', 6, char(this.folded ? foldSet(set) : set));
    }
    this.#nest();
    this.#braces += 1;
    this.#take('brace', 1);
    const choices = this.#choices(',', '}', open);
    this.#braces -= 1;
    const choice = alt(...choices.map(({ items }) => seq(...items)));
    if (choices.length > 1) return this.#take('brace', 1, choice);
    const written = glob.slice(open, this.#at + 1);
    if (/\*\*|\(/.test(written)) throw refused('braces', open, written.length);
    return this.#take('brace', 1, this.#text('{'), choice, this.#text('}'));
  }

  #nest(): void {
    if (this.#braces + this.#parens === MAX_DEPTH) throw refused('depth', this.#at, 1);
  }
}

/** picomatch's analyzeRepeatedExtglob: choices of a `+(…)` or `*(…)` over which its matching might backtrack for ever. */
function isRisky(choices: readonly string[]): boolean {
  if (choices.some((choice) => /^[*+]\(/.test(choice))) return true;
  if (choices.length < 2) return false;
  const runs = choices.flatMap((choice) => {
    let text = choice;
    while (/^@\([^\\()[\]{}|]+\)$/.test(text)) text = text.slice(2, -1);
    text = text.replace(/\\(.)/gs, '$1');
    return text === text[0]?.repeat(text.length) ? [text[0]] : [];
  });
  return choices.some((choice) => /^[*?]*$/.test(choice)) || new Set(runs).size < runs.length;
}
