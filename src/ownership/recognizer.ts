import { classOf, makeAlphabet } from './alphabet.js';
import { caseFolding } from './char-set.js';
import type { Program } from './program.js';

/** What is known about one place of a text: which nodes are true there, and where other characters lead. */
interface State {
  truth: Uint8Array;
  /** State before each class of character, -1 when not yet computed. */
  before: Int32Array;
  accepts: boolean | undefined;
  /** The characters' nodes that fit here, from which everything else follows. */
  fits: Uint8Array;
  atEnd: boolean;
}

/** Cached states may take this many bytes, roughly; then the cache starts again. */
const CACHE_BYTES = 4_000_000;

/**
 * Takes an automaton, and whether text is folded; gives a function that says whether it accepts a whole text. The
 * text is read from its end: what is true at a place follows from what is true behind it, lookaheads and negation
 * included, so there is nothing to try and take back and time grows with length x nodes at worst. States are made
 * when first met and kept, so that a second text costs one table look-up per character.
 */
export function createRecognizer(program: Program, folded: boolean): (text: string) => boolean {
  const { nodes, start } = program;
  const alphabet = makeAlphabet(program.sets);
  const folding = folded ? caseFolding() : undefined;
  const ascii = Uint16Array.from({ length: 128 }, (_, code) => classOf(alphabet, folding?.[code] ?? code));
  const order = evaluationOrder(program);
  const chars = order.filter((index) => nodes[index]!.op === 'char');
  const maxStates = Math.max(16, Math.floor(CACHE_BYTES / (nodes.length * 2 + alphabet.size * 4)));
  let states: State[] = [];
  let index = new Map<string, number>();

  const evaluate = (fits: Uint8Array, atEnd: boolean, atStart: boolean): Uint8Array => {
    const truth = fits.slice();
    for (const at of order) {
      const node = nodes[at]!;
      switch (node.op) {
        case 'char':
          break;
        case 'split':
          truth[at] = node.to.some((next) => truth[next] === 1) ? 1 : 0;
          break;
        case 'start':
          truth[at] = atStart ? truth[node.next]! : 0;
          break;
        case 'end':
          truth[at] = atEnd ? truth[node.next]! : 0;
          break;
        case 'look':
          truth[at] = (truth[node.body] === 1) !== node.negated ? truth[node.next]! : 0;
          break;
        case 'match':
          truth[at] = 1;
          break;
        default:
          node satisfies never;
      }
    }
    return truth;
  };
  const intern = (fits: Uint8Array, atEnd: boolean): number => {
    let key = atEnd ? '$' : '';
    for (const at of chars) key += fits[at] === 1 ? '1' : '0';
    const known = index.get(key);
    if (known !== undefined) return known;
    if (states.length >= maxStates) {
      states = [];
      index = new Map();
    }
    const before = new Int32Array(alphabet.size).fill(-1);
    const truth = evaluate(fits, atEnd, false);
    const added = states.push({ truth, before, accepts: undefined, fits, atEnd }) - 1;
    index.set(key, added);
    return added;
  };
  const step = (state: State, symbol: number): number => {
    const fits = new Uint8Array(nodes.length);
    for (const at of chars) {
      const node = nodes[at]!;
      if (node.op === 'char' && alphabet.members[node.set]![symbol] === 1) fits[at] = state.truth[node.next]!;
    }
    const kept = states;
    const to = intern(fits, false);
    if (kept === states) state.before[symbol] = to;
    return to;
  };

  return (text) => {
    let at = intern(new Uint8Array(nodes.length), true);
    for (let i = text.length - 1; i >= 0; i -= 1) {
      const code = text.charCodeAt(i);
      const symbol = code < 128 ? ascii[code]! : classOf(alphabet, folding?.[code] ?? code);
      const state = states[at]!;
      const known = state.before[symbol]!;
      at = known >= 0 ? known : step(state, symbol);
    }
    const state = states[at]!;
    state.accepts ??= evaluate(state.fits, state.atEnd, true)[start] === 1;
    return state.accepts;
  };
}

/** Every node after the nodes that its truth at the same place depends on. */
function evaluationOrder(program: Program): number[] {
  const order: number[] = [];
  const seen = new Uint8Array(program.nodes.length);
  const waiting: number[] = [];
  for (let root = 0; root < program.nodes.length; root += 1) {
    waiting.push(root);
    while (waiting.length > 0) {
      const at = waiting.pop()!;
      if (at < 0) {
        order.push(~at);
        continue;
      }
      if (seen[at] === 1) continue;
      seen[at] = 1;
      waiting.push(~at);
      const node = program.nodes[at]!;
      switch (node.op) {
        case 'char':
        case 'match':
          break;
        case 'split':
          waiting.push(...node.to);
          break;
        case 'start':
        case 'end':
          waiting.push(node.next);
          break;
        case 'look':
          waiting.push(node.body, node.next);
          break;
        default:
          node satisfies never;
      }
    }
  }
  return order;
}
