/** Parts may differ by this share of an average part (and always by one file): the price of keeping folders whole. */
const SLACK = 0.2;

/** Files that stay together: a folder with everything in it, or a run of files of one folder. */
interface Unit {
  /** Sorted by path. */
  files: readonly string[];
  /** Smaller units that make up this one; nothing when it is one file. */
  smaller(average: number): Unit[];
}

/**
 * Divides paths (with `/`, each once) into so many parts, fewer when there are fewer files: disjoint, complete, none
 * empty, each sorted, and in the order of their first files. Sizes differ by at most a fifth of the average, or by one
 * file. The same paths give the same parts, in whatever order they come.
 *
 * Folders are put into parts whole, the largest first, each into the part that holds least (LPT, Graham 1969). Where
 * that is not balanced, the largest unit of the parts that hold too much is broken up, and all is tried again.
 */
export function partition(files: readonly string[], into: number): string[][] {
  const sorted = [...files].sort();
  const count = Math.min(into, sorted.length);
  if (count === 0) return [];
  const average = sorted.length / count;
  const most = Math.max(1, Math.floor(average * SLACK));
  let units: Unit[] = [folder(sorted, 0)];
  for (;;) {
    const parts = pack(units, count);
    const least = Math.min(...parts.map(({ size }) => size));
    const full = parts.filter(({ size }) => size > least + most);
    if (full.length === 0) {
      return parts
        .map((part) => part.units.flatMap((unit) => unit.files).sort())
        .sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
    }
    // The last unit of such a part came when no part held less, so it is larger than `most`: there is one to break up.
    const largest = largestOf(full.flatMap((part) => part.units));
    units = units.flatMap((unit) => (unit === largest ? unit.smaller(average) : [unit]));
  }
}

/** Deals out units, the largest first, each to the part that holds least. */
function pack(units: readonly Unit[], count: number): { size: number; units: Unit[] }[] {
  const parts = Array.from({ length: count }, () => ({ size: 0, units: [] as Unit[] }));
  const bySize = [...units].sort(
    (a, b) => b.files.length - a.files.length || (a.files[0]! < b.files[0]! ? -1 : 1),
  );
  for (const unit of bySize) {
    let emptiest = parts[0]!;
    for (const part of parts) if (part.size < emptiest.size) emptiest = part;
    emptiest.units.push(unit);
    emptiest.size += unit.files.length;
  }
  return parts;
}

function largestOf(units: readonly Unit[]): Unit {
  return units.reduce((largest, unit) => (unit.files.length > largest.files.length ? unit : largest));
}

/** The files of a folder whose path, with its last slash, is `depth` characters long. */
function folder(files: readonly string[], depth: number): Unit {
  return {
    files,
    smaller(average) {
      const own: string[] = [];
      const folders = new Map<string, string[]>();
      for (const file of files) {
        const slash = file.indexOf('/', depth);
        const name = slash < 0 ? undefined : file.slice(0, slash + 1);
        const list = name === undefined ? own : (folders.get(name) ?? []);
        list.push(file);
        if (name !== undefined) folders.set(name, list);
      }
      const parts = Array.from(folders, ([name, list]) => folder(list, name.length));
      if (own.length === 0) return parts.length === 1 ? parts[0]!.smaller(average) : parts;
      return parts.length === 0 ? range(own).smaller(average) : [range(own), ...parts];
    },
  };
}

/** Files of one folder. A run longer than a part is cut into as many equal pieces as it fills parts, another one into halves. */
function range(files: readonly string[]): Unit {
  return {
    files,
    smaller(average) {
      const pieces = Math.max(2, Math.ceil(files.length / average));
      return Array.from({ length: pieces }, (_, i) =>
        files.slice(Math.round((i * files.length) / pieces), Math.round(((i + 1) * files.length) / pieces)),
      )
        .filter((piece) => piece.length > 0)
        .map(range);
    },
  };
}
