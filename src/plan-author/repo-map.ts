import { count, shortened } from '../util/text/amounts.js';
import { sanitize } from '../util/text/sanitize.js';

/** What a map may cost of an agent's context, in lines and characters. */
const MOST_LINES = 250;
const MOST_CHARACTERS = 12_000;
/** Files of one folder that are named; more are counted by their endings. */
const MOST_FILES = 25;

interface Folder {
  /** With a slash at the end; empty for the top. */
  path: string;
  folders: Folder[];
  files: string[];
  /** How many files are in it at any depth. */
  size: number;
}

/**
 * A map of a project for an agent, from the paths of its files: folders with the number of their files, and what is in
 * them as deep as the space allows, level by level, so that a large tree is shown whole but shallow.
 */
export function repoMap(paths: readonly string[]): string {
  const top = treeOf(paths);
  const open = new Set<Folder>();
  let room = MOST_LINES;
  let level = [top];
  while (level.length > 0) {
    const next: Folder[] = [];
    // Small folders first: they tell the most for the least.
    for (const folder of [...level].sort((a, b) => cost(a) - cost(b))) {
      if (folder !== top && cost(folder) > room) continue;
      room -= cost(folder);
      open.add(folder);
      next.push(...folder.folders);
    }
    level = next;
  }
  const lines = [...render(top, open, '')];
  let text = '';
  for (const [index, line] of lines.entries()) {
    if (index === MOST_LINES || text.length + line.length > MOST_CHARACTERS)
      return `${text}… and ${lines.length - index} more lines\n`;
    text += `${line}\n`;
  }
  return text;
}

function treeOf(paths: readonly string[]): Folder {
  const empty = (path: string): Folder => ({ path, folders: [], files: [], size: 0 });
  const top = empty('');
  const known = new Map([['', top]]);
  for (const path of [...paths].sort()) {
    let folder = top;
    top.size += 1;
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const name = path.slice(0, slash + 1);
      let below = known.get(name);
      if (below === undefined) {
        below = empty(name);
        known.set(name, below);
        folder.folders.push(below);
      }
      below.size += 1;
      folder = below;
    }
    folder.files.push(path.slice(folder.path.length));
  }
  return top;
}

/** Lines that a folder takes when it is opened. */
function cost({ folders, files }: Folder): number {
  return folders.length + Math.min(files.length, MOST_FILES + 1);
}

function* render(folder: Folder, open: ReadonlySet<Folder>, indent: string): Generator<string> {
  for (const below of folder.folders) {
    const name = below.path.slice(folder.path.length);
    yield `${indent}${sanitize(name)}  (${count(below.size, 'file')}${open.has(below) ? '' : `: ${endings(below)}`})`;
    if (open.has(below)) yield* render(below, open, `${indent}  `);
  }
  const others = { files: folder.files.slice(MOST_FILES), folders: [] };
  const rest = (more: number) => `… and ${more} more: ${endings(others)}`;
  for (const line of shortened(folder.files.map(sanitize), MOST_FILES, rest)) yield indent + line;
}

/** `120 .ts, 3 .json`: the commonest endings of file names. */
function endings(folder: Pick<Folder, 'files' | 'folders'>): string {
  const counts = new Map<string, number>();
  const queue = [folder];
  for (const { files, folders } of queue) {
    for (const file of files) {
      const ending = /[^.](\.[^.]+)$/.exec(file)?.[1] ?? 'others';
      counts.set(ending, (counts.get(ending) ?? 0) + 1);
    }
    queue.push(...folders);
  }
  const common = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4);
  return common.map(([ending, number]) => `${number} ${sanitize(ending)}`).join(', ');
}
