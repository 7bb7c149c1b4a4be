import { escapeGlob } from '../util/paths/glob-escape.js';
import { nameOf } from '../util/paths/relative-path.js';
import { DOC_FOLDERS, FRONTEND_FOLDERS, TEST_FOLDERS } from './folder-names.js';
import { orderOverlapping } from './order-overlapping.js';
import { isBelow, type Package, pathIn } from './package.js';
import { rootParts } from './root-parts.js';
import type { Survey } from './survey.js';
import { testsAmong } from './test-patterns.js';

export type Specialist = 'df-backend' | 'df-frontend' | 'df-tester' | 'df-doc';

/** A part of the project that one task can own. No two areas share a path. */
export interface Area {
  /** A task id. */
  id: string;
  specialist: Specialist;
  /** Folders and files, for people. */
  places: string[];
  /** Patterns of a plan's `owns`. */
  owns: string[];
  packages: readonly Package[];
  /** Areas that must be finished before; normally none. */
  needs: string[];
}

/** A piece of code before tests are cut out of it. */
export interface CodePart {
  id: string;
  role: 'frontend' | 'backend';
  places: string[];
  /** Patterns that claim code. */
  claims: string[];
  /** Patterns of this part that belong to tests. */
  tests: string[];
  /** `!` patterns that other parts make necessary. */
  without: string[];
  packages: Package[];
  /** It also gets manifests and code that lie in the root itself. */
  keepsRoot?: boolean;
}

/** With more packages than this, those of a kind are one area. */
const MOST_PACKAGES = 6;

/**
 * Divides a project into areas: one for each package (or one for each kind, if there are many), with the root's own code
 * as backend and frontend, one for all tests, one for documentation. Their patterns are disjoint by construction: tests
 * are taken out of the code they lie in, server code out of the frontend it lies in.
 */
export function divideIntoAreas(survey: Survey): Area[] {
  const { outermost, docFolders } = outermostPackages(survey);
  const own = rootParts(survey, outermost);
  let parts = [...own.code, ...packageParts(survey, outermost)];
  if (outermost.size > MOST_PACKAGES) parts = groupByRole(parts);
  if (parts.length === 0) parts = [emptyProject()];
  const keeper = parts.find(({ keepsRoot }) => keepsRoot) ?? parts[0];
  const manifests = new Set(survey.packages.flatMap(({ dir, manifests }) => (dir === '' ? manifests : [])));
  const docs = [...new Set([...own.docs, ...docFolders])];
  const inCode = parts.flatMap(({ tests }) => tests);
  // Documentation in a folder of code belongs to documentation.
  const without = (places: readonly string[]) =>
    docFolders
      .filter((dir) => places.some((place) => isBelow(dir, place)))
      .map((dir) => `!${escapeGlob(dir)}/**`);
  const taken = new Set(['tests', 'docs']);
  return orderOverlapping([
    ...parts.map((part) => ({
      id: unique(part.id, taken),
      specialist: part.role === 'frontend' ? ('df-frontend' as const) : ('df-backend' as const),
      places: part.places,
      owns: [
        ...part.claims,
        ...(part === keeper ? [...manifests].map(escapeGlob) : []),
        ...part.without,
        ...without(part.places),
      ],
      packages: part.packages,
      needs: [],
    })),
    {
      id: 'tests',
      specialist: 'df-tester',
      places: [...own.tests, ...(inCode.length > 0 ? ["the code's own folders"] : [])],
      owns: [
        ...new Set([...own.tests.map((dir) => `${escapeGlob(dir)}/**`), ...inCode]),
        ...without(parts.flatMap(({ places }) => places)),
      ],
      packages: [],
      needs: [],
    },
    {
      id: 'docs',
      specialist: 'df-doc',
      places: ['README.md', ...docs],
      owns: ['*.md', ...docs.map((dir) => `${escapeGlob(dir)}/**`)],
      packages: [],
      needs: [],
    },
  ]);
}

/**
 * Packages by the outermost folder with a manifest, the root apart: what lies below one belongs to it. Those that are
 * documentation (a site of its own, say) are given as folders only.
 */
function outermostPackages({ packages }: Survey): {
  outermost: Map<string, Package[]>;
  docFolders: string[];
} {
  const outermost = new Map<string, Package[]>();
  const docFolders: string[] = [];
  for (const found of packages) {
    if (found.dir === '') continue;
    const above = [...outermost.keys()].find((dir) => found.dir === dir || found.dir.startsWith(`${dir}/`));
    const names = found.dir.split('/');
    const docs = names.findIndex((name) => DOC_FOLDERS.has(name));
    if (above !== undefined) outermost.get(above)!.push(found);
    else if (docs >= 0) docFolders.push(names.slice(0, docs + 1).join('/'));
    else outermost.set(found.dir, [found]);
  }
  return { outermost, docFolders };
}

function packageParts(survey: Survey, outermost: ReadonlyMap<string, Package[]>): CodePart[] {
  return [...outermost].map(([dir, packages]) => {
    const name = nameOf(dir);
    const frontend = packages.some((found) => found.frontend);
    const backend = packages.some((found) => found.backend);
    const testFolders = [...survey.folders.get(dir)!.folders]
      .filter((child) => TEST_FOLDERS.has(child))
      .sort();
    const among = testsAmong(survey.folders, dir, testFolders.length > 0);
    if (testFolders.length + among.length === 0) testFolders.push('tests');
    const tests = [...testFolders.map((child) => `${escapeGlob(pathIn(dir, child))}/**`), ...among];
    return {
      id: slug(name) || slug(dir) || 'package',
      role:
        (frontend && !backend) || (frontend === backend && FRONTEND_FOLDERS.has(name))
          ? 'frontend'
          : 'backend',
      places: [dir],
      claims: [`${escapeGlob(dir)}/**`],
      tests,
      without: tests.map((pattern) => `!${pattern}`),
      packages,
    } satisfies CodePart;
  });
}

function groupByRole(parts: readonly CodePart[]): CodePart[] {
  return (['backend', 'frontend'] as const).flatMap((role) => {
    const same = parts.filter((part) => part.role === role);
    if (same.length === 0) return [];
    const all = (key: 'places' | 'claims' | 'tests' | 'without') => [
      ...new Set(same.flatMap((part) => part[key])),
    ];
    return {
      id: role,
      role,
      places: all('places'),
      claims: all('claims'),
      tests: all('tests'),
      without: all('without'),
      packages: same.flatMap(({ packages }) => packages),
      keepsRoot: same.some(({ keepsRoot }) => keepsRoot),
    };
  });
}

/** Where code goes in a project that has none yet. */
function emptyProject(): CodePart {
  return {
    id: 'backend',
    role: 'backend',
    places: ['src'],
    claims: ['src/**'],
    tests: [],
    without: [],
    packages: [],
  };
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 60);
}

function unique(id: string, taken: Set<string>): string {
  let name = id;
  for (let n = 2; taken.has(name); n += 1) name = `${id}-${n}`;
  taken.add(name);
  return name;
}
