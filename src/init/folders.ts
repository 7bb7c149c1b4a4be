import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** One folder of the project: what lies in it by name. `path` is relative to the root, `''` for the root itself. */
export interface Folder {
  path: string;
  files: ReadonlySet<string>;
  folders: ReadonlySet<string>;
}

/** Folders of the project by path, the root's first. */
export type Folders = ReadonlyMap<string, Folder>;

/** Installed packages and build output: never the project's own code. Hidden folders are left out too. */
const NOT_SOURCE = new Set([
  'node_modules',
  'bower_components',
  'vendor',
  'third_party',
  'target',
  'dist',
  'build',
  'out',
  'coverage',
  'venv',
  'env',
  '__pycache__',
  'Pods',
]);

/** Deep enough for `packages/group/name/src/part`. */
const DEEPEST = 5;
/** A bound on what one `forge init` reads, whatever the tree. */
const MOST_FOLDERS = 5000;

/**
 * Takes the root; gives its folders, at most 5 deep and 5000 in all, without hidden ones, installed packages and build
 * output. Symbolic links to folders are not followed. Throws the file system's error for the root only.
 */
export async function listFolders(root: string): Promise<Folders> {
  const found = new Map<string, Folder>();
  let level = [''];
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth += 1) {
    const next: string[] = [];
    for (const path of level) {
      if (found.size >= MOST_FOLDERS) return found;
      const folder = await listFolder(root, path);
      if (folder === undefined) continue;
      found.set(path, folder);
      for (const name of [...folder.folders].sort()) next.push(path === '' ? name : `${path}/${name}`);
    }
    level = next;
  }
  return found;
}

async function listFolder(root: string, path: string): Promise<Folder | undefined> {
  let entries: import('node:fs').Dirent[];
  try {
    entries = await readdir(join(root, path), { withFileTypes: true });
  } catch (error) {
    // A folder that may not be read, or went away meanwhile, is no part of what can be proposed.
    if (path !== '') return undefined;
    throw error;
  }
  const names = entries.filter(({ name }) => isPlain(name));
  return {
    path,
    files: new Set(names.filter((entry) => entry.isFile()).map(({ name }) => name)),
    folders: new Set(
      names.filter((entry) => entry.isDirectory() && isSource(entry.name)).map(({ name }) => name),
    ),
  };
}

function isSource(name: string): boolean {
  return !name.startsWith('.') && !NOT_SOURCE.has(name);
}

/** Names that can't be written in a plan as they are (not UTF-8, control characters, a plan's variable) are left out. */
function isPlain(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  return !/[\u0000-\u001f\u007f-\u009f\ufffd\u2028\u2029\\]/.test(name) && !name.includes('${{');
}
