import { type CodePart, escape } from './areas.js';
import { CODE_FOLDERS, DOC_FOLDERS, FRONTEND_FOLDERS, isCode, SERVER_FOLDERS, TEST_FOLDERS } from './folder-names.js';
import type { Folders } from './folders.js';
import { FULL_STACK } from './frameworks.js';
import { isBelow, type Package, pathIn } from './package.js';
import type { Survey } from './survey.js';
import { testPatterns } from './test-patterns.js';

/** What lies in the root itself and in folders that are no packages. */
export interface RootParts {
  code: CodePart[];
  /** Folders of tests, and of documentation. */
  tests: string[];
  docs: string[];
}

/** Sorts the root's folders by their names and frameworks into backend, frontend, tests and documentation. */
export function rootParts(survey: Survey, outermost: ReadonlyMap<string, Package[]>): RootParts {
  const { folders } = survey;
  const packages = survey.packages.filter(({ dir }) => dir === '');
  const mostlyFrontend = packages.some(({ frontend }) => frontend) && !packages.some(({ backend }) => backend);
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
      if (fullStack) for (const below of nested(folders, name, SERVER_FOLDERS)) backend.takeFrom(frontend, below);
    } else {
      backend.add(name);
      if (CODE_FOLDERS.has(name))
        for (const below of nested(folders, name, FRONTEND_FOLDERS)) frontend.takeFrom(backend, below);
    }
  }
  if (docs.length === 0 && ![...outermost.keys()].some((dir) => DOC_FOLDERS.has(dir))) docs.push('docs');
  const main = mostlyFrontend ? frontend : backend;
  for (const pattern of rootFiles(top?.files ?? new Set(), packages)) main.addFiles(pattern);
  const beside = testPatterns(new Set(survey.packages.map(({ ecosystem }) => ecosystem)));
  const code = [
    ...backend.part('backend', beside, packages),
    ...frontend.part('frontend', beside, packages),
  ];
  return { code: mostlyFrontend ? code.reverse() : code, tests, docs };
}

/** Folders (and patterns of root files) that one part claims, with what was taken away again. */
class Claims {
  readonly #folders: string[] = [];
  readonly #files: string[] = [];
  readonly #without: string[] = [];

  add(folder: string): void {
    this.#folders.push(folder);
  }

  addFiles(pattern: string): void {
    this.#files.push(pattern);
  }

  takeFrom(other: Claims, folder: string): void {
    this.add(folder);
    other.#without.push(`!${escape(folder)}/**`);
  }

  part(role: 'backend' | 'frontend', beside: readonly string[], packages: Package[]): CodePart[] {
    if (this.#folders.length + this.#files.length === 0) return [];
    const inFolders = this.#folders.flatMap((folder) => beside.map((pattern) => `${escape(folder)}/${pattern}`));
    // A pattern for files of the root has no folder: `*.go` goes with `*_test.go`.
    const inRoot = this.#files.length === 0 ? [] : beside.filter(isOfFiles).map((pattern) => pattern.slice(3));
    return [
      {
        id: role,
        role,
        places: [...this.#folders, ...this.#files],
        claims: [...this.#folders.map((folder) => `${escape(folder)}/**`), ...this.#files],
        tests: [...inFolders, ...inRoot],
        without: [...this.#without, ...beside.map((pattern) => `!${pattern}`)],
        packages,
      },
    ];
  }
}

function isOfFiles(pattern: string): boolean {
  return !pattern.endsWith('/**');
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

/** Patterns for code that lies in the root itself. */
function rootFiles(files: ReadonlySet<string>, packages: readonly Package[]): string[] {
  const patterns = { node: '*.{js,mjs,cjs,ts}', python: '*.py', go: '*.go', rust: undefined } as const;
  const endings = { node: /\.([mc]?js|ts)$/, python: /\.py$/, go: /\.go$/, rust: /$^/ } as const;
  return packages.flatMap(({ ecosystem }) => {
    const pattern = patterns[ecosystem];
    return pattern !== undefined && [...files].some((name) => endings[ecosystem].test(name)) ? [pattern] : [];
  });
}
