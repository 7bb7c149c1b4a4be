import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { below, isBelow } from '../../util/paths/path.js';

/** One folder of the project: what lies in it by name, sorted. `path` is relative to the root, `''` for the root itself. */
export interface Folder {
  path: string;
  files: ReadonlySet<string>;
  folders: ReadonlySet<string>;
}

/** Folders of the project by path, the root's first. */
export type Folders = ReadonlyMap<string, Folder>;

const set = (names: string): ReadonlySet<string> => new Set(names.split(' '));

/** Installed packages and build output: never the project's own code. Hidden folders are left out too. */
const NOT_SOURCE = set(
  'node_modules bower_components vendor third_party target dist build out coverage venv env __pycache__ Pods',
);

/** What a folder's name says about the code in it. */
export const NAMES = {
  frontend: set(
    'frontend front client web webapp website www ui components pages views screens layouts styles css public assets static hooks',
  ),
  /** Of servers inside a frontend that also has one. */
  servers: set('api server backend'),
  tests: set('test tests __tests__ spec specs e2e cypress playwright'),
  docs: set('docs doc documentation'),
  /** Of folders that hold code of several kinds, so that those below them are looked at. */
  code: set('src app lib source'),
};

/** Endings of files that somebody writes as code. */
const CODE =
  /\.([cm]?[jt]sx?|vue|svelte|astro|py|go|rs|rb|php|java|kt|swift|cs|c|h|cc|cpp|sh|sql|html|css|scss|less)$/i;

/** Deep enough for `packages/group/name/src/part`. */
const DEEPEST = 4;
/** A bound on what one `forge init` reads, whatever the tree. */
const MOST_FOLDERS = 5000;

/**
 * The folders of a project, level by level, bounded in depth and number, without hidden ones, installed packages and build
 * output. Symbolic links to folders are not followed. @throws the file system's error for the root only
 */
export async function listFolders(root: string): Promise<Folders> {
  const found = new Map<string, Folder>();
  const queue = [{ path: '', depth: 0 }];
  for (const { path, depth } of queue) {
    if (found.size >= MOST_FOLDERS) break;
    const folder = await listFolder(root, path);
    if (folder === undefined) continue;
    found.set(path, folder);
    if (depth < DEEPEST)
      for (const name of folder.folders) queue.push({ path: below(path, name), depth: depth + 1 });
  }
  return found;
}

async function listFolder(root: string, path: string): Promise<Folder | undefined> {
  let entries: Dirent[];
  try {
    entries = await readdir(join(root, path), { withFileTypes: true });
  } catch (error) {
    // A folder that may not be read, or went away meanwhile, is no part of what can be proposed.
    if (path !== '') return undefined;
    throw error;
  }
  const namesOf = (wanted: (entry: Dirent) => boolean) =>
    new Set(
      entries
        .filter((entry) => wanted(entry) && canBeWritten(entry.name))
        .map(({ name }) => name)
        .sort(),
    );
  return {
    path,
    files: namesOf((entry) => entry.isFile()),
    folders: namesOf(
      (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !NOT_SOURCE.has(entry.name),
    ),
  };
}

/** Whether a name can be written in a plan as it is: UTF-8, no control characters, no backslash, no variable of a plan. */
function canBeWritten(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  return !/[\u0000-\u001f\u007f-\u009f\ufffd\u2028\u2029\\]|\$\{\{/.test(name);
}

/** The folder at `path` and all that are known below it. */
export function foldersIn(folders: Folders, path: string): Folder[] {
  return [...folders.values()].filter((folder) => folder.path === path || isBelow(folder.path, path));
}

/** Whether code lies in the folder or anywhere below it. */
export function hasCode(folders: Folders, path: string): boolean {
  return foldersIn(folders, path).some(({ files }) => [...files].some((name) => CODE.test(name)));
}
