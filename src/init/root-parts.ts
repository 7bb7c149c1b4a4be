import { escapeGlob } from '../util/paths/glob-escape.js';
import type { CodePart } from './areas.js';
import {
  CODE_FOLDERS,
  DOC_FOLDERS,
  FRONTEND_FOLDERS,
  isCode,
  SERVER_FOLDERS,
  TEST_FOLDERS,
} from './folder-names.js';
import type { Folders } from './folders.js';
import { FULL_STACK } from './frameworks.js';
import { type Ecosystem, isBelow, type Package, pathIn } from './package.js';
import type { Survey } from './survey.js';
import { testsAmong } from './test-patterns.js';

/** What lies in the root itself and in folders that are no packages. */
export interface RootParts {
  code: CodePart[];
  /** Folders of tests, and of documentation. */
  tests: string[];
  docs: string[];
}

/** Code that lies in the root itself, by the ending of its name, and the tests among it. */
const ROOT_FILES: Readonly<Record<Ecosystem, { endings: readonly string[]; tests: readonly string[] }>> = {
  node: { endings: ['js', 'mjs', 'cjs', 'ts'], tests: ['*.test', '*.spec'] },
  python: { endings: ['py'], tests: ['test_*', '*_test'] },
  go: { endings: ['go'], tests: ['*_test'] },
  rust: { endings: ['rs'], tests: [] },
};

/** Sorts the root's folders by their names and frameworks into backend, frontend, tests and documentation. */
export function rootParts(survey: Survey, outermost: ReadonlyMap<string, Package[]>): RootParts {
  const { folders } = survey;
  const packages = survey.packages.filter(({ dir }) => dir === '');
  const mostlyFrontend =
    packages.some(({ frontend }) => frontend) && !packages.some(({ backend }) => backend);
  const fullStack = packages.some(({ frameworks }) => frameworks.some((name) => FULL_STACK.has(name)));
  const frontend = new Claims();
  const backend = new Claims();
  const top = folders.get('');
  const names = [...(top?.folders ?? [])].sort();
  const tests = names.filter((name) => TEST_FOLDERS.has(name) && !holdsPackages(name, outermost));
  const docs: string[] = [];
  for (const name of names) {
    if (TEST_FOLDERS.has(name) || holdsPackages(name, outermost)) continue;
    const among = testsAmong(folders, name, tests.length > 0);
    if (DOC_FOLDERS.has(name)) docs.push(name);
    else if (!hasCode(folders, name)) continue;
    else if (FRONTEND_FOLDERS.has(name)) frontend.add(name, among);
    else if (mostlyFrontend) {
      frontend.add(name, among);
      if (fullStack)
        for (const below of nested(folders, name, SERVER_FOLDERS)) backend.takeFrom(frontend, below, among);
    } else {
      backend.add(name, among);
      if (CODE_FOLDERS.has(name))
        for (const below of nested(folders, name, FRONTEND_FOLDERS)) frontend.takeFrom(backend, below, among);
    }
  }
  if (docs.length === 0) docs.push('docs');
  const main = mostlyFrontend ? frontend : backend;
  for (const { ecosystem } of packages) main.addRootFiles(ecosystem, top?.files ?? new Set());
  const code = [...backend.part('backend', packages), ...frontend.part('frontend', packages)];
  const noTestsYet = tests.length === 0 && (code.length > 0 || outermost.size === 0);
  const [language] = packages;
  if (noTestsYet && language?.ecosystem !== 'go')
    tests.push(language?.ecosystem === 'node' ? 'test' : 'tests');
  return { code: mostlyFrontend ? code.reverse() : code, tests, docs };
}

function holdsPackages(folder: string, outermost: ReadonlyMap<string, Package[]>): boolean {
  return [...outermost.keys()].some((dir) => dir === folder || isBelow(dir, folder));
}

/** Folders (and patterns of root files) that one part claims, with what was taken away again. */
class Claims {
  readonly #folders: string[] = [];
  readonly #files: string[] = [];
  readonly #tests: string[] = [];
  readonly #without: string[] = [];

  /** `tests` are the patterns of tests that lie in the folder. */
  add(folder: string, tests: readonly string[]): void {
    this.#folders.push(folder);
    this.#tests.push(...tests);
    this.#without.push(...tests.map((pattern) => `!${pattern}`));
  }

  addRootFiles(ecosystem: Ecosystem, files: ReadonlySet<string>): void {
    const { endings, tests } = ROOT_FILES[ecosystem];
    for (const ending of endings.filter((one) => [...files].some((name) => name.endsWith(`.${one}`)))) {
      this.#files.push(`*.${ending}`);
      const among = tests.map((name) => `${name}.${ending}`);
      this.#tests.push(...among);
      this.#without.push(...among.map((pattern) => `!${pattern}`));
    }
  }

  /** Takes a folder that lies in one of another part's, whose patterns of tests cover this one too. */
  takeFrom(other: Claims, folder: string, tests: readonly string[]): void {
    this.#folders.push(folder);
    this.#without.push(...tests.map((pattern) => `!${pattern}`));
    other.#without.push(`!${escapeGlob(folder)}/**`);
  }

  part(role: 'backend' | 'frontend', packages: Package[]): CodePart[] {
    if (this.#folders.length + this.#files.length === 0) return [];
    return [
      {
        id: role,
        role,
        places: [...this.#folders, ...this.#files],
        claims: [...this.#folders.map((folder) => `${escapeGlob(folder)}/**`), ...this.#files],
        tests: this.#tests,
        without: [...new Set(this.#without)],
        packages,
        keepsRoot: this.#files.length > 0,
      },
    ];
  }
}

/** Whether code lies in the folder or anywhere below it. */
function hasCode(folders: Folders, path: string): boolean {
  for (const folder of folders.values()) {
    if (folder.path !== path && !isBelow(folder.path, path)) continue;
    for (const name of folder.files) if (isCode(name)) return true;
  }
  return false;
}

/** Folders of these names one or two levels below `path`, the outermost only. */
function nested(folders: Folders, path: string, names: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (const child of [...(folders.get(path)?.folders ?? [])].sort()) {
    const below = pathIn(path, child);
    if (names.has(child)) found.push(below);
    else if (CODE_FOLDERS.has(child) || child === 'pages')
      for (const grandchild of [...(folders.get(below)?.folders ?? [])].sort())
        if (names.has(grandchild)) found.push(pathIn(below, grandchild));
  }
  return found;
}
