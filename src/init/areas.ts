import { DOC_FOLDERS, FRONTEND_FOLDERS, TEST_FOLDERS } from './folder-names.js';
import { type Package, pathIn } from './package.js';
import { rootParts } from './root-parts.js';
import type { Survey } from './survey.js';
import { testPatterns } from './test-patterns.js';

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
}

/** With more packages than this, those of a kind are one area. */
const MOST_PACKAGES = 6;

/**
 * Divides a project into areas: one for each package (or one for each kind, if there are many), with the root's own code
 * as backend and frontend, one for all tests, one for documentation. Their patterns are disjoint by construction: tests
 * are taken out of the code they lie in, server code out of the frontend it lies in.
 */
export function divideIntoAreas(survey: Survey): Area[] {
  const outermost = outermostPackages(survey);
  const own = rootParts(survey, outermost);
  let parts = [...own.code, ...packageParts(survey, outermost)];
  if (outermost.size > MOST_PACKAGES) parts = groupByRole(parts);
  if (parts.length === 0) parts = [emptyProject()];
  const manifests = survey.packages
    .filter(({ dir }) => dir === '')
    .flatMap((owner) => owner.manifests.filter((name) => name !== 'manage.py'));
  const docs = { places: ['README.md', ...own.docs], claims: ['*.md', ...own.docs.map((dir) => `${escape(dir)}/**`)] };
  for (const dir of outermost.keys()) {
    if (!DOC_FOLDERS.has(lastName(dir))) continue;
    docs.places.push(dir);
    docs.claims.push(`${escape(dir)}/**`);
  }
  const testPlaces = own.tests.length > 0 ? own.tests : parts.every(({ tests }) => tests.length === 0) ? ['tests'] : [];
  const inCode = parts.flatMap(({ tests }) => tests);
  const names = new Set(['tests', 'docs']);
  return [
    ...parts.map((part, index) => ({
      id: unique(part.id, names),
      specialist: part.role === 'frontend' ? ('df-frontend' as const) : ('df-backend' as const),
      places: part.places,
      owns: [...part.claims, ...(index === 0 ? manifests : []), ...part.without],
      packages: part.packages,
    })),
    {
      id: 'tests',
      specialist: 'df-tester',
      places: [...testPlaces, ...inCode],
      owns: [...testPlaces.map((dir) => `${escape(dir)}/**`), ...inCode],
      packages: [],
    },
    { id: 'docs', specialist: 'df-doc', places: docs.places, owns: docs.claims, packages: [] },
  ];
}

/** Packages by the outermost folder with a manifest, the root apart: what lies below one belongs to it. */
function outermostPackages({ packages }: Survey): Map<string, Package[]> {
  const groups = new Map<string, Package[]>();
  for (const found of packages) {
    if (found.dir === '') continue;
    const above = [...groups.keys()].find((dir) => found.dir === dir || found.dir.startsWith(`${dir}/`));
    const group = groups.get(above ?? found.dir);
    if (group) group.push(found);
    else groups.set(found.dir, [found]);
  }
  return groups;
}

function packageParts(survey: Survey, outermost: ReadonlyMap<string, Package[]>): CodePart[] {
  return [...outermost].flatMap(([dir, packages]) => {
    const name = lastName(dir);
    if (DOC_FOLDERS.has(name)) return [];
    const frontend = packages.some((found) => found.frontend);
    const backend = packages.some((found) => found.backend);
    const folder = survey.folders.get(dir)!;
    const testFolders = [...folder.folders].filter((child) => TEST_FOLDERS.has(child));
    const ecosystems = new Set(packages.map(({ ecosystem }) => ecosystem));
    if (testFolders.length === 0 && !ecosystems.has('go')) testFolders.push(ecosystems.has('node') ? 'test' : 'tests');
    const inFolders = testFolders.sort().map((child) => `${escape(pathIn(dir, child))}/**`);
    const beside = testPatterns(ecosystems);
    return {
      id: slug(name) || slug(dir) || 'package',
      role: (frontend && !backend) || (frontend === backend && FRONTEND_FOLDERS.has(name)) ? 'frontend' : 'backend',
      places: [dir],
      claims: [`${escape(dir)}/**`],
      tests: [...inFolders, ...beside.map((pattern) => `${escape(dir)}/${pattern}`)],
      without: [...inFolders.map((pattern) => `!${pattern}`), ...beside.map((pattern) => `!${pattern}`)],
      packages,
    } satisfies CodePart;
  });
}

function groupByRole(parts: readonly CodePart[]): CodePart[] {
  return (['backend', 'frontend'] as const).flatMap((role) => {
    const same = parts.filter((part) => part.role === role);
    if (same.length === 0) return [];
    const all = (key: 'places' | 'claims' | 'tests' | 'without') => [...new Set(same.flatMap((part) => part[key]))];
    return {
      id: role,
      role,
      places: all('places'),
      claims: all('claims'),
      tests: all('tests'),
      without: all('without'),
      packages: same.flatMap(({ packages }) => packages),
    };
  });
}

/** Where code goes in a project that has none yet. */
function emptyProject(): CodePart {
  return { id: 'backend', role: 'backend', places: ['src'], claims: ['src/**'], tests: [], without: [], packages: [] };
}

/** A folder's path as a pattern that means just that path. */
export function escape(path: string): string {
  return path.replace(/[\\*?[\]{}()!+@|]/g, '\\$&');
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

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
