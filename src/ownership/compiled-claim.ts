import { type CharSet, EVERY_CHAR, foldSet } from './char-set.js';
import { type Claim, MAX_LENGTH, MAX_PARENTHESES, readClaim, regexSourceOf } from './claim.js';
import { outlineOf } from './outline.js';
import { compileProgram, type Program } from './program.js';
import { createRecognizer } from './recognizer.js';
import { parseRegex, UndecidableConstruct } from './regex-parser.js';
import { alternatives, literal, NOTHING, type Regex, sequence } from './regex-syntax.js';

const SPECIAL = /[\\*?[\]{}()|!+@"^$]/;
/** Only with these can a pattern fail to match its own text; picomatch takes such a path all the same. */
const UNLIKE_ITSELF = /[\\[\]{}()|!+@"]/;
const SLASH = { type: 'char', set: [47, 47] } as const satisfies Regex;
const ANYTHING: Regex = {
  type: 'repeat',
  body: { type: 'char', set: EVERY_CHAR },
  min: 1,
  max: Number.POSITIVE_INFINITY,
};

/** A pattern with everything that is derived from its text, each part made when first asked for. */
export class CompiledClaim {
  readonly claim: Claim;
  /** The only path the pattern names (no trailing slash), when its text has no special character. */
  readonly literal: string | undefined;
  private compiled: Program | UndecidableConstruct | undefined;
  private test: ((path: string) => boolean) | undefined;

  constructor(
    readonly text: string,
    readonly caseInsensitive: boolean,
  ) {
    this.claim = readClaim(text);
    const { glob } = this.claim;
    this.literal = SPECIAL.test(glob) ? undefined : glob.replace(/\/$/, '');
  }

  /** The pattern's automaton, `!` left aside; or why it has none. */
  get program(): Program | UndecidableConstruct {
    this.compiled ??= this.compile();
    return this.compiled;
  }

  /**
   * Whether the pattern (`!` left aside) names a path. A pattern that has no automaton claims nothing and
   * subtracts everything: enforcement then errs towards refusing.
   */
  names(path: string): boolean {
    this.test ??= this.makeTest();
    return this.test(path);
  }

  private makeTest(): (path: string) => boolean {
    const { program } = this;
    if (program instanceof UndecidableConstruct) return () => this.claim.subtracts;
    const recognize = createRecognizer(program, this.caseInsensitive);
    if (this.caseInsensitive) return recognize;
    const { prefix, suffix } = outlineOf(this);
    // Most paths fail here, at a fraction of the cost of reading them.
    return (path) =>
      (path.startsWith(prefix) || prefix === `${path}/`) && path.endsWith(suffix) && recognize(path);
  }

  private compile(): Program | UndecidableConstruct {
    try {
      return compileProgram(claimRegex(this.claim, this.caseInsensitive));
    } catch (error) {
      if (error instanceof UndecidableConstruct) return error;
      throw error;
    }
  }
}

/** The expression for all the paths a claim names: what picomatch matches, and what forge adds below. */
function claimRegex(claim: Claim, caseInsensitive: boolean): Regex {
  const { glob, below } = claim;
  if (glob === '') return NOTHING;
  const fold = caseInsensitive ? foldSet : (set: CharSet): CharSet => set;
  const special = SPECIAL.test(glob);
  if (glob.length > MAX_LENGTH) throw new UndecidableConstruct(`more than ${MAX_LENGTH} characters`);
  if (special && glob.split('(').length - 1 > MAX_PARENTHESES) {
    throw new UndecidableConstruct(`more than ${MAX_PARENTHESES} parentheses`);
  }
  const source = special ? regexSourceOf(glob) : null;
  const itself = literal(glob, fold);
  const choices: Regex[] = [];
  if (source !== null) choices.push(parseRegex(source, fold));
  if (source === null || UNLIKE_ITSELF.test(glob)) {
    choices.push({ type: 'seq', items: [{ type: 'start' }, itself, { type: 'end' }] });
  }
  const self: Regex = { type: 'alt', items: choices };
  if (below === 'nothing') return self;
  if (looksAtEnd(self, false)) {
    throw new UndecidableConstruct('a `!(…)` that depends on where the path ends, and a trailing slash');
  }
  const inside = sequence([inFolder(withoutEnd(self)), ANYTHING, { type: 'end' }]);
  // What ends in a slash matches no file, unless a `|` outside of parentheses, as picomatch has it, splits the whole.
  return below === 'only' && !glob.includes('|') ? inside : alternatives([self, inside]);
}

/** An expression for folders, with the slash behind the folder that not all of its choices end in. */
function inFolder(regex: Regex): Regex {
  if (regex.type === 'alt') return alternatives(regex.items.map(inFolder));
  const last = regex.type === 'seq' ? regex.items.at(-1) : regex;
  if (last?.type === 'char' && last.set.join() === SLASH.set.join()) return regex;
  if (regex.type === 'seq' && (last?.type === 'alt' || last?.type === 'seq')) {
    return sequence([...regex.items.slice(0, -1), inFolder(last)]);
  }
  return sequence([regex, SLASH]);
}

/**
 * Whether a lookahead asks for the end of the text, other than in `(?:\\/|$)`, the end of a segment. "Below" is put
 * behind an expression, and the end that the lookahead then sees is not that of the folder.
 */
function looksAtEnd(regex: Regex, inside: boolean): boolean {
  switch (regex.type) {
    case 'char':
    case 'start':
      return false;
    case 'end':
      return inside;
    case 'look':
      return looksAtEnd(regex.body, true);
    case 'repeat':
      return looksAtEnd(regex.body, inside);
    case 'seq':
      return regex.items.some((item) => looksAtEnd(item, inside));
    case 'alt':
      return !isSegmentEnd(regex) && regex.items.some((item) => looksAtEnd(item, inside));
    default:
      return regex satisfies never;
  }
}

function isSegmentEnd({ items }: { items: readonly Regex[] }): boolean {
  const [slash, end] = items;
  return (
    items.length === 2 &&
    slash?.type === 'char' &&
    slash.set.join() === SLASH.set.join() &&
    end?.type === 'end'
  );
}

/** An expression without the `$` that it ends in, so that more can follow. */
function withoutEnd(regex: Regex): Regex {
  if (regex.type === 'alt') return { type: 'alt', items: regex.items.map(withoutEnd) };
  if (regex.type !== 'seq') return regex;
  const last = regex.items.at(-1);
  if (last === undefined) return regex;
  const rest = regex.items.slice(0, -1);
  return last.type === 'end'
    ? withoutEnd({ type: 'seq', items: rest })
    : { type: 'seq', items: [...rest, withoutEnd(last)] };
}
