import type { Outline } from './outline.js';
import { PrefixIndex } from './prefix-index.js';

/** Groups smaller than this are faster to look through than to index. */
const SMALL = 8;

/** Takes two outlines; says whether they show that the patterns share no path. */
export function clash(a: Outline, b: Outline): boolean {
  return (
    !(a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix)) ||
    !(a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix)) ||
    !(a.base.startsWith(b.base) || b.base.startsWith(a.base)) ||
    (a.middle !== null &&
      b.middle !== null &&
      a.middle.depth === b.middle.depth &&
      !(a.middle.text.startsWith(b.middle.text) || b.middle.text.startsWith(a.middle.text)))
  );
}

/**
 * Finds the patterns whose outlines do not clash with a given one, without looking at most of the others: first by
 * the literal beginning, and among the patterns that begin alike by whichever of the file name's beginning, the
 * path's end and the segments behind the first wildcard leaves the fewest.
 */
export class PatternIndex {
  private readonly groups: PrefixIndex<Group>;

  /** Takes the outlines of all patterns; a pattern's number is its place in the list. */
  constructor(private readonly outlines: readonly Outline[]) {
    const byPrefix = new Map<string, number[]>();
    for (const [id, { prefix }] of outlines.entries()) {
      const ids = byPrefix.get(prefix);
      if (ids === undefined) byPrefix.set(prefix, [id]);
      else ids.push(id);
    }
    this.groups = new PrefixIndex([...byPrefix].map(([prefix, ids]) => [prefix, new Group(outlines, ids)]));
  }

  /** Takes an outline; gives the numbers of the patterns that may share a path with it, in no order. */
  candidates(outline: Outline): number[] {
    const found: number[] = [];
    this.groups.visit(outline.prefix, (group) => {
      for (const id of group.shortlist(outline)) {
        if (!clash(outline, this.outlines[id]!)) found.push(id);
      }
    });
    return found;
  }
}

/** Patterns with the same literal beginning. */
class Group {
  private indexes: { base: PrefixIndex<number>; suffix: PrefixIndex<number> } | undefined;
  private readonly middles = new Map<number, { index: PrefixIndex<number>; others: number[] }>();

  constructor(
    private readonly outlines: readonly Outline[],
    private readonly ids: readonly number[],
  ) {}

  shortlist(outline: Outline): readonly number[] {
    if (this.ids.length < SMALL) return this.ids;
    this.indexes ??= {
      base: new PrefixIndex(this.ids.map((id) => [this.outlines[id]!.base, id])),
      suffix: new PrefixIndex(this.ids.map((id) => [reversed(this.outlines[id]!.suffix), id])),
    };
    const ways = [
      { index: this.indexes.base, key: outline.base, others: [] as readonly number[] },
      { index: this.indexes.suffix, key: reversed(outline.suffix), others: [] as readonly number[] },
    ];
    if (outline.middle !== null) {
      ways.push({ ...this.middle(outline.middle.depth), key: outline.middle.text });
    }
    let best: (typeof ways)[number] | undefined;
    let fewest = this.ids.length;
    for (const way of ways) {
      const count = way.index.count(way.key) + way.others.length;
      if (count < fewest) {
        fewest = count;
        best = way;
      }
    }
    if (best === undefined) return this.ids;
    const list = [...best.others];
    best.index.visit(best.key, (id) => list.push(id));
    return list;
  }

  private middle(depth: number): { index: PrefixIndex<number>; others: number[] } {
    const known = this.middles.get(depth);
    if (known !== undefined) return known;
    const entries: [string, number][] = [];
    const others: number[] = [];
    for (const id of this.ids) {
      const middle = this.outlines[id]!.middle;
      if (middle?.depth === depth) entries.push([middle.text, id]);
      else others.push(id);
    }
    const made = { index: new PrefixIndex(entries), others };
    this.middles.set(depth, made);
    return made;
  }
}

function reversed(text: string): string {
  let result = '';
  for (let i = text.length - 1; i >= 0; i -= 1) result += text[i];
  return result;
}
