import { EVERY_CHAR } from '../automaton/char-set.js';
import { LazyDfa } from '../automaton/dfa.js';
import { alt, char, type Expression, literalText, repeat, SLASH, seq } from '../automaton/expression.js';
import { parseGlob } from './glob-parser.js';
import { GlobProblem } from './glob-problem.js';
import { type Literals, literalsOf } from './literals.js';

/** How a set of patterns meets the file system it is about. */
export interface MatchOptions {
  caseInsensitive?: boolean;
}

const WILDCARD = /[*?[\]{}()|]/;
const SPECIAL = /[\\*?[\]{}()|!+@"^$]/;
/** Only with these can a glob fail to match its own text; picomatch takes such a path all the same. */
const UNLIKE_ITSELF = /[\\[\]{}()|!+@"]/;
const ANYTHING_BELOW = repeat(char(EVERY_CHAR), '+');

/** One pattern of an `owns`, `reads` or `shares`, read by forge's rules; each part is made when first asked for. */
export class Pattern {
  /** It began with `!` and takes away (an even number of `!` cancels out, as in picomatch). */
  readonly subtracts: boolean;
  /** Without `!` and leading `./`: what picomatch would get to see. */
  readonly glob: string;
  /**
   * What it claims beside the paths that the glob matches. `also`: a pattern without wildcards also claims everything
   * below it. `only`: a pattern with a trailing slash claims what is below and no more.
   */
  readonly below: 'nothing' | 'also' | 'only';
  /** The only path that the glob names (no trailing slash), when its text has no special character. */
  readonly literal: string | undefined;
  #automaton: LazyDfa | GlobProblem | undefined;
  #literals: Literals | undefined;

  /** `id` tells patterns of one interner apart. */
  constructor(
    readonly text: string,
    readonly caseInsensitive: boolean,
    readonly id = 0,
  ) {
    const signs = /^(?:!(?!\())*/.exec(text)![0].length;
    this.subtracts = signs % 2 === 1;
    this.glob = text.slice(signs).replace(/^(?:\.\/)+/, '');
    const bare = this.glob.replace(/\\./gs, '');
    this.below = this.glob.endsWith('/') ? 'only' : WILDCARD.test(bare) ? 'nothing' : 'also';
    this.literal = SPECIAL.test(this.glob) ? undefined : this.glob.replace(/\/$/, '');
  }

  /** The automaton of the paths it names, `!` left aside; or why it cannot be read. */
  get automaton(): LazyDfa | GlobProblem {
    if (this.#automaton === undefined) {
      try {
        this.#automaton = new LazyDfa(this.#expression(), this.caseInsensitive);
      } catch (error) {
        if (!(error instanceof GlobProblem)) throw error;
        this.#automaton = error;
      }
    }
    return this.#automaton;
  }

  /** What all paths that it names have in common, as far as a glance shows. */
  get literals(): Literals {
    this.#literals ??= literalsOf(this);
    return this.#literals;
  }

  /**
   * Whether it names a path, `!` left aside. What cannot be read names nothing, and takes away everything:
   * enforcement then errs towards refusing.
   */
  names(path: string): boolean {
    const { automaton, caseInsensitive } = this;
    if (automaton instanceof GlobProblem) return this.subtracts;
    if (caseInsensitive) return automaton.matches(path);
    const { prefix, suffix } = this.literals;
    // Most paths fail here, at a fraction of the cost of reading them.
    const near = (path.startsWith(prefix) || prefix === `${path}/`) && path.endsWith(suffix);
    return near && automaton.matches(path);
  }

  #expression(): Expression {
    const { glob, below, caseInsensitive } = this;
    if (glob === '') return alt();
    const parsed = parseGlob(glob, caseInsensitive);
    const self = UNLIKE_ITSELF.test(glob) ? alt(parsed, literalText(glob, caseInsensitive)) : parsed;
    if (below === 'only') return seq(self, ANYTHING_BELOW);
    return below === 'also' ? seq(self, repeat(seq(SLASH, ANYTHING_BELOW), '?')) : self;
  }
}
