import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '../../util/errors.js';
import { below } from '../../util/paths/path.js';
import { type Folder, type Folders, listFolders, NAMES } from './folders.js';
import { frameworksAmong } from './frameworks.js';
import { readGo } from './go.js';
import { readNode } from './node.js';
import type { CheckKind, Ecosystem, Manifest, Package, PackageFolder } from './package.js';
import { PYTHON_MANIFESTS, readPython } from './python.js';
import { readRust } from './rust.js';

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
  ...NAMES.tests,
  ...'testdata fixtures __fixtures__ example examples sample samples demo demos templates'.split(' '),
]);

/** What reads the packages of each ecosystem, and the files of which one shows that a folder is one. */
const READERS: readonly {
  ecosystem: Ecosystem;
  manifests: readonly string[];
  read(folder: PackageFolder): Promise<Manifest | undefined>;
}[] = [
  { ecosystem: 'node', manifests: ['package.json'], read: readNode },
  { ecosystem: 'python', manifests: PYTHON_MANIFESTS, read: readPython },
  { ecosystem: 'go', manifests: ['go.mod'], read: readGo },
  { ecosystem: 'rust', manifests: ['Cargo.toml'], read: readRust },
];

/** Names of a makefile, in the order in which GNU make looks for one. */
const MAKEFILES = ['GNUmakefile', 'makefile', 'Makefile'];

/** Targets that stand for a check, the usual first. `check` is what GNU packages call their tests. */
const TARGETS: Readonly<Record<CheckKind, readonly string[]>> = {
  lint: ['lint'],
  types: ['typecheck', 'type-check', 'types'],
  tests: ['test', 'tests', 'check'],
  build: ['build'],
};

/**
 * Finds a project's packages, their frameworks and commands. Reads manifests only, runs nothing; a manifest that can't be
 * read as what it is leads to a note. @throws when the root cannot be read
 */
export async function surveyProject(root: string): Promise<Survey> {
  const folders = await listFolders(root);
  const notes: string[] = [];
  const packages: Package[] = [];
  for (const { path: dir, files, folders: inside } of folders.values()) {
    if (dir.split('/').some((name) => NOT_PACKAGES.has(name))) continue;
    for (const { ecosystem, manifests, read } of READERS) {
      if (!manifests.some((name) => files.has(name))) continue;
      try {
        const manifest = await read({
          dir,
          files,
          folders: inside,
          above: packages.find((found) => found.ecosystem === ecosystem && found.covers?.(dir)),
          read: (name) => readFile(join(root, dir, name), 'utf8'),
          note: (text) => notes.push(below(dir, text)),
        });
        if (manifest === undefined) continue;
        const { dependencies, ...found } = manifest;
        packages.push({ ecosystem, dir, ...found, ...frameworksAmong(ecosystem, dependencies) });
      } catch (error) {
        if (codeOf(error) === undefined) throw error;
        notes.push(`${dir || '.'} was left out: ${messageOf(error)}`);
      }
    }
  }
  return { root, folders, packages, make: await makeChecks(root, folders.get('')!), notes };
}

/** The command for each kind of check that the root's makefile has a target for. */
async function makeChecks(root: string, { files }: Folder): Promise<Survey['make']> {
  const makefile = MAKEFILES.find((name) => files.has(name));
  if (makefile === undefined) return {};
  const text = await readFile(join(root, makefile), 'utf8');
  const rules = text.matchAll(/^([A-Za-z0-9][\w ./-]*?)\s*::?(?![=:])/gm);
  const targets = new Set(Array.from(rules, ([, names]) => names!.split(/\s+/)).flat());
  const found: Survey['make'] = {};
  for (const [kind, names] of Object.entries(TARGETS) as [CheckKind, readonly string[]][]) {
    const target = names.find((name) => targets.has(name));
    if (target !== undefined) found[kind] = `make ${target}`;
  }
  return found;
}
