import type { Decisions } from './decision.js';
import { foldText } from './fold-text.js';
import { isOwnablePath } from './path-shape.js';
import type { PatternPool, PooledPattern } from './pattern-pool.js';

/** How many paths of the tree may be tried for one overlap, and for all of them. */
const TRIES = 20_000;
const TRIES_IN_ALL = 400_000;

/** Chooses the path by which an overlap is shown: a real file if one is found soon, else a readable one. */
export class Examples {
  private readonly chosen = new Map<string, string>();
  private tree: { key: string; path: string }[] | undefined;
  private triesLeft = TRIES_IN_ALL;

  constructor(
    private readonly pool: PatternPool,
    private readonly decisions: Decisions,
    private readonly caseInsensitive: boolean,
    private readonly existing: (() => readonly string[]) | undefined,
  ) {}

  /** Takes two patterns that share `found`, and what is subtracted from either; gives the path to show. */
  best(x: PooledPattern, y: PooledPattern, subtracts: readonly PooledPattern[], found: string): string {
    const key = [x, y, ...subtracts].map(({ id }) => id).join();
    const known = this.chosen.get(key);
    if (known !== undefined) return known;
    const path = this.fromTree(x, y, subtracts) ?? this.insideFolder(x, y, subtracts, found) ?? found;
    this.chosen.set(key, path);
    return path;
  }

  private fromTree(
    x: PooledPattern,
    y: PooledPattern,
    subtracts: readonly PooledPattern[],
  ): string | undefined {
    if (this.existing === undefined || this.triesLeft <= 0) return undefined;
    this.tree ??= this.existing()
      .map((path) => ({ key: `${this.caseInsensitive ? foldText(path) : path}/`, path }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const prefix = x.outline.prefix.length > y.outline.prefix.length ? x.outline.prefix : y.outline.prefix;
    const last = Math.min(this.tree.length, firstFrom(this.tree, prefix) + Math.min(TRIES, this.triesLeft));
    for (let i = firstFrom(this.tree, prefix); i < last; i += 1) {
      const { key, path } = this.tree[i]!;
      if (!key.startsWith(prefix)) return undefined;
      this.triesLeft -= 1;
      if (
        x.compiled.names(path) &&
        y.compiled.names(path) &&
        isOwnablePath(path) &&
        !subtracts.some(({ compiled }) => compiled.names(path))
      ) {
        return path;
      }
    }
    return undefined;
  }

  /** `src/**` matches `src` too, which is a poor example of what two tasks may both write. */
  private insideFolder(
    x: PooledPattern,
    y: PooledPattern,
    subtracts: readonly PooledPattern[],
    found: string,
  ): string | undefined {
    const insides = [x, y].flatMap(({ compiled: { text } }) =>
      text.endsWith('/**') ? this.pool.pattern(text.slice(0, -2)) : [],
    );
    if (insides.every(({ compiled }) => compiled.names(found))) return undefined;
    const decision = this.decisions.search([x, y, ...insides], subtracts);
    return decision.state === 'shared' ? decision.witness : undefined;
  }
}

/** The first place in a sorted tree whose key is not below `key`. */
function firstFrom(tree: readonly { key: string }[], key: string): number {
  let low = 0;
  let high = tree.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tree[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
