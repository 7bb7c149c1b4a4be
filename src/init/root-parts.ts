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
import { literal } from './literal-pattern.js';
import { type Ecosystem, isBelow, type Package, pathIn } from './package.js';
import type { Survey } from './survey.js';
import { testPatterns } from './test-patterns.js';

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
  const tests: string[] = [];
  const docs: string[] = [];
  const top = folders.get('');
  for (const name of [...(top?.folders ?? [])].sort()) {
    if ([...outermost.keys()].some((dir) => dir === name || isBelow(dir, name))) continue;
    if (TEST_FOLDERS.has(name)) tests.push(name);
    else if (DOC_FOLDERS.has(name)) docs.push(name);
    else if (!hasCode(folders, name)) continue;
    else if (FRONTEND_FOLDERS.has(name)) frontend.add(name);
    else if (mostlyFrontend) {
      frontend.add(name);
      if (fullStack)
        for (const below of nested(folders, name, SERVER_FOLDERS)) backend.takeFrom(frontend, below);
    } else {
      backend.add(name);
      if (CODE_FOLDERS.has(name))
        for (const below of nested(folders, name, FRONTEND_FOLDERS)) frontend.takeFrom(backend, below);
    }
  }
  if (docs.length === 0) docs.push('docs');
  const main = mostlyFrontend ? frontend : backend;
  for (const { ecosystem } of packages) main.addRootFiles(ecosystem, top?.files ?? new Set());
  const beside = testPatterns(new Set(survey.packages.map(({ ecosystem }) => ecosystem)));
  const code = [...backend.part('backend', beside, packages), ...frontend.part('frontend', beside, packages)];
  const noTestsYet = tests.length === 0 && (code.length > 0 || outermost.size === 0);
  const [language] = packages;
  if (noTestsYet && language?.ecosystem !== 'go')
    tests.push(language?.ecosystem === 'node' ? 'test' : 'tests');
  return { code: mostlyFrontend ? code.reverse() : code, tests, docs };
}

/** Folders (and patterns of root files) that one part claims, with what was taken away again. */
class Claims {
  readonly #folders: string[] = [];
  /** Folders inside another part's, whose pattern for tests covers them. */
  readonly #taken: string[] = [];
  readonly #files: string[] = [];
  readonly #tests: string[] = [];
  readonly #without: string[] = [];

  add(folder: string): void {
    this.#folders.push(folder);
  }

  addRootFiles(ecosystem: Ecosystem, files: ReadonlySet<string>): void {
    const { endings, tests } = ROOT_FILES[ecosystem];
    for (const ending of endings.filter((one) => [...files].some((name) => name.endsWith(`.${one}`)))) {
      this.#files.push(`*.${ending}`);
      this.#tests.push(...tests.map((name) => `${name}.${ending}`));
    }
  }

  takeFrom(other: Claims, folder: string): void {
    this.#taken.push(folder);
    other.#without.push(`!${literal(folder)}/**`);
  }

  part(role: 'backend' | 'frontend', beside: readonly string[], packages: Package[]): CodePart[] {
    const folders = [...this.#folders, ...this.#taken];
    if (folders.length + this.#files.length === 0) return [];
    const inFolders = this.#folders.flatMap((folder) =>
      beside.map((pattern) => `${literal(folder)}/${pattern}`),
    );
    return [
      {
        id: role,
        role,
        places: [...folders, ...this.#files],
        claims: [...folders.map((folder) => `${literal(folder)}/**`), ...this.#files],
        tests: [...inFolders, ...this.#tests],
        without: [...this.#without, ...beside.map((pattern) => `!${pattern}`)],
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
