import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import picomatch from 'picomatch';
import { codeOf } from '../util/errors/system-error.js';
import { TEST_FOLDERS } from './folder-names.js';
import { type Folder, type Folders, listFolders } from './folders.js';
import { readGoPackage } from './go-package.js';
import { MAKEFILES, makeChecks } from './makefile.js';
import { readNodePackage } from './node-package.js';
import { type CheckKind, isBelow, type Package, type PackageFolder, pathIn } from './package.js';
import { PYTHON_MANIFESTS, readPythonPackage } from './python-package.js';
import { readRustPackage } from './rust-package.js';

/** What was found out about a project. */
export interface Survey {
  root: string;
  folders: Folders;
  /** Sorted by folder, the root's first. */
  packages: readonly Package[];
  /** Commands of the root's makefile. */
  make: Partial<Record<CheckKind, string>>;
  /** What could not be understood, for people. */
  notes: readonly string[];
}

/** Folders whose manifests belong to tests and samples, not to the project. */
const NOT_PACKAGES = new Set([
  ...TEST_FOLDERS,
  ...'testdata fixtures __fixtures__ example examples sample samples demo demos templates'.split(' '),
]);

/**
 * Takes the root; gives its packages, their frameworks and commands. Reads manifests only, runs nothing. A manifest that
 * can't be read as what it is leads to a note. Throws when the root cannot be read.
 */
export async function surveyProject(root: string): Promise<Survey> {
  const folders = await listFolders(root);
  const notes: string[] = [];
  const packages: Package[] = [];
  const workspaces: { manager: 'npm' | 'pnpm' | 'yarn' | 'bun'; covers: (dir: string) => boolean }[] = [];
  for (const folder of folders.values()) {
    if (folder.path.split('/').some((name) => NOT_PACKAGES.has(name))) continue;
    const here = packageFolder(root, folder, notes);
    try {
      if (folder.files.has('package.json')) {
        const above = workspaces.find(({ covers }) => covers(folder.path));
        const found = await readNodePackage(here, above?.manager);
        if (found !== undefined) {
          const { members, ...own } = found;
          const covers = memberTest(folder.path, members);
          packages.push(covers === undefined ? own : { ...own, covers });
          if (covers !== undefined) workspaces.push({ manager: found.manager, covers });
        }
      }
      if (PYTHON_MANIFESTS.some((name) => folder.files.has(name)))
        packages.push(await readPythonPackage(here));
      if (folder.files.has('go.mod')) packages.push(await readGoPackage(here));
      if (folder.files.has('Cargo.toml')) packages.push(await readRustPackage(here));
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      notes.push(`${folder.path || '.'} was left out: ${(error as Error).message}`);
    }
  }
  return { root, folders, packages, make: await makeOf(root, folders.get('')!), notes };
}

/** undefined when the package has no workspace members. Patterns are relative to its folder, as npm and pnpm have them. */
function memberTest(dir: string, members: readonly string[]): ((dir: string) => boolean) | undefined {
  const patterns = members.map((member) => member.replace(/^(!?)\.\//, '$1').replace(/\/+$/, ''));
  const chosen = patterns.filter((pattern) => !pattern.startsWith('!'));
  if (chosen.length === 0) return undefined;
  const ignore = patterns.flatMap((pattern) => (pattern.startsWith('!') ? [pattern.slice(1)] : []));
  const isMember = picomatch(chosen, { ignore });
  return (other) => isBelow(other, dir) && isMember(dir === '' ? other : other.slice(dir.length + 1));
}

async function makeOf(root: string, top: Folder): Promise<Partial<Record<CheckKind, string>>> {
  const name = MAKEFILES.find((file) => top.files.has(file));
  return name === undefined ? {} : makeChecks(await readFile(join(root, name), 'utf8'));
}

function packageFolder(root: string, folder: Folder, notes: string[]): PackageFolder {
  return {
    dir: folder.path,
    files: folder.files,
    folders: folder.folders,
    read: (name) => readFile(join(root, folder.path, name), 'utf8'),
    note: (text) => notes.push(folder.path === '' ? text : pathIn(folder.path, text)),
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: replacing them is the point
const NOT_IN_A_NAME = /[\u0000-\u001f\u007f-\u009f\ufffd\u2028\u2029]|\$\{\{/g;

/** What people call the project: the name of its folder, without what a plan's name may not hold. */
export function projectName(root: string): string {
  return basename(root).replace(NOT_IN_A_NAME, '-').trim() || 'project';
}
