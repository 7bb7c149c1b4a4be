import { escapeGlob } from '../../util/paths/glob-escape.js';
import { below, isBelow, nameOf } from '../../util/paths/path.js';
import { type Folders, hasCode, NAMES } from '../survey/folders.js';
import { FULL_STACK } from '../survey/frameworks.js';
import type { Ecosystem, Package } from '../survey/package.js';
import type { Survey } from '../survey/survey.js';
import { testsAmong } from './test-patterns.js';

type Role = 'frontend' | 'backend';

/** Code that one task is to own, before tests and the code of others are cut out of it. */
export interface Part {
  id: string;
  role: Role;
  packages: Package[];
  /** Folders and files, for people. */
  places: string[];
  /** Patterns of its code. */
  claims: string[];
  /** Patterns of tests that lie in it. */
  tests: string[];
  /** Patterns of what lies in it and belongs to another part. */
  carved: string[];
  /** It has code in the root itself, so it also gets the manifests there. */
  keepsRoot: boolean;
}

/** What a project consists of. */
export interface Parts {
  code: Part[];
  /** Folders of tests, and of documentation. */
  tests: string[];
  docs: string[];
}

/** With more packages than this, those of a kind are one part. */
const MOST_PACKAGES = 6;

/** Code that lies in the root itself, by the ending of its name, and the tests among it. */
const ROOT_FILES: Readonly<Record<Ecosystem, { endings: readonly string[]; tests: readonly string[] }>> = {
  node: { endings: ['js', 'mjs', 'cjs', 'ts'], tests: ['*.test', '*.spec'] },
  python: { endings: ['py'], tests: ['test_*', '*_test'] },
  go: { endings: ['go'], tests: ['*_test'] },
  rust: { endings: ['rs'], tests: [] },
};

/** The pattern of all that lies in a folder. */
export function allIn(folder: string): string {
  return `${escapeGlob(folder)}/**`;
}

/** Divides a project into a part for each package, or for each kind where there are many, and what lies in no package. */
export function divideProject(survey: Survey): Parts {
  const { packages, docFolders } = outermostPackages(survey.packages);
  const { code, tests, docs } = rootParts(survey, [...packages.keys()]);
  const isGrouped = packages.size > MOST_PACKAGES;
  for (const [dir, found] of packages) {
    const name = nameOf(dir);
    const role = roleOf(found, NAMES.frontend.has(name));
    let part = isGrouped ? code.find((each) => each.role === role) : undefined;
    if (part === undefined) {
      part = emptyPart(isGrouped ? role : slug(name) || slug(dir) || 'package', role);
      code.push(part);
    }
    part.packages.push(...found);
    addFolder(part, dir, packageTests(survey.folders, dir));
  }
  if (isGrouped) code.sort((a, b) => a.role.localeCompare(b.role));
  if (code.length === 0) {
    // Where code goes in a project that has none yet.
    code.push(emptyPart('backend', 'backend'));
    addFolder(code[0]!, 'src', []);
  }
  return { code, tests, docs: [...new Set([...docs, ...docFolders])] };
}

/**
 * Packages by the outermost folder with a manifest, the root apart: what lies below one belongs to it. Those that are
 * documentation (a site of its own, say) are given as folders only.
 */
function outermostPackages(all: readonly Package[]): {
  packages: Map<string, Package[]>;
  docFolders: string[];
} {
  const packages = new Map<string, Package[]>();
  const docFolders: string[] = [];
  for (const found of all) {
    if (found.dir === '') continue;
    const above = [...packages.keys()].find((dir) => found.dir === dir || isBelow(found.dir, dir));
    const names = found.dir.split('/');
    const docs = names.findIndex((name) => NAMES.docs.has(name));
    if (above !== undefined) packages.get(above)!.push(found);
    else if (docs >= 0) docFolders.push(names.slice(0, docs + 1).join('/'));
    else packages.set(found.dir, [found]);
  }
  return { packages, docFolders };
}

/** What lies in the root itself and in folders that are no packages, by their names and the root's frameworks. */
function rootParts({ folders, packages }: Survey, packageFolders: readonly string[]): Parts {
  const own = packages.filter(({ dir }) => dir === '');
  const main = roleOf(own, false);
  const isFullStack = own.some(({ frameworks }) => frameworks.some((name) => FULL_STACK.has(name)));
  const parts = {
    frontend: emptyPart('frontend', 'frontend', [...own]),
    backend: emptyPart('backend', 'backend', [...own]),
  };
  const top = folders.get('')!;
  const tests = [...top.folders].filter((name) => NAMES.tests.has(name));
  const docs = [...top.folders].filter((name) => NAMES.docs.has(name));
  for (const name of top.folders) {
    if (NAMES.tests.has(name) || NAMES.docs.has(name) || !hasCode(folders, name)) continue;
    if (packageFolders.some((dir) => dir === name || isBelow(dir, name))) continue;
    const role = NAMES.frontend.has(name) ? 'frontend' : main;
    const among = testsAmong(folders, name, tests.length > 0);
    addFolder(parts[role], name, among);
    let inner: string[] = [];
    if (role === 'backend' && NAMES.code.has(name)) inner = nested(folders, name, NAMES.frontend);
    if (role === 'frontend' && isFullStack && !NAMES.frontend.has(name))
      inner = nested(folders, name, NAMES.servers);
    for (const folder of inner) {
      addFolder(parts[role === 'backend' ? 'frontend' : 'backend'], folder, among);
      parts[role].carved.push(allIn(folder));
    }
  }
  for (const { ecosystem } of own) addRootFiles(parts[main], ecosystem, [...top.files]);
  const inOrder = main === 'backend' ? [parts.backend, parts.frontend] : [parts.frontend, parts.backend];
  const code = inOrder.filter(({ claims }) => claims.length > 0);
  const language = own[0]?.ecosystem;
  const hasNoTests = tests.length === 0 && (code.length > 0 || packageFolders.length === 0);
  if (hasNoTests && language !== 'go') tests.push(language === 'node' ? 'test' : 'tests');
  return { code, tests, docs: docs.length > 0 ? docs : ['docs'] };
}

function roleOf(packages: readonly Package[], otherwise: boolean): Role {
  const frontend = packages.some((found) => found.frontend);
  const backend = packages.some((found) => found.backend);
  return (frontend === backend ? otherwise : frontend) ? 'frontend' : 'backend';
}

function emptyPart(id: string, role: Role, packages: Package[] = []): Part {
  return { id, role, packages, places: [], claims: [], tests: [], carved: [], keepsRoot: false };
}

/** Gives a folder to a part, with the patterns of the tests that lie in it. */
function addFolder(part: Part, folder: string, tests: readonly string[]): void {
  part.places.push(folder);
  part.claims.push(allIn(folder));
  part.tests.push(...tests);
}

function addRootFiles(part: Part, ecosystem: Ecosystem, files: readonly string[]): void {
  const { endings, tests } = ROOT_FILES[ecosystem];
  for (const ending of endings.filter((one) => files.some((name) => name.endsWith(`.${one}`)))) {
    part.places.push(`*.${ending}`);
    part.claims.push(`*.${ending}`);
    part.tests.push(...tests.map((name) => `${name}.${ending}`));
    part.keepsRoot = true;
  }
}

/** Patterns of a package's tests: its folders of tests, and those among its code; if it has none, where they would go. */
function packageTests(folders: Folders, dir: string): string[] {
  const own = [...folders.get(dir)!.folders].filter((name) => NAMES.tests.has(name));
  const tests = [...own.map((name) => allIn(below(dir, name))), ...testsAmong(folders, dir, own.length > 0)];
  return tests.length > 0 ? tests : [allIn(below(dir, 'tests'))];
}

/** Folders of these names one or two levels below `path`, the outermost only. */
function nested(folders: Folders, path: string, names: ReadonlySet<string>, deeper = true): string[] {
  return [...(folders.get(path)?.folders ?? [])].flatMap((name) => {
    const child = below(path, name);
    if (names.has(name)) return [child];
    return deeper && (NAMES.code.has(name) || name === 'pages') ? nested(folders, child, names, false) : [];
  });
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 60);
}
