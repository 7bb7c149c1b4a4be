import { findOverlaps } from '../../ownership/index.js';
import { escapeGlob } from '../../util/paths/glob-escape.js';
import { below, isBelow, nameOf } from '../../util/paths/relative-path.js';
import { DOC_FOLDERS, FRONTEND_FOLDERS, TEST_FOLDERS } from '../survey/folders.js';
import type { Package } from '../survey/package.js';
import type { Survey } from '../survey/survey.js';
import { addFolder, allIn, emptyPart, type Part } from './part.js';
import { rootParts } from './root-parts.js';
import { testsAmong } from './test-patterns.js';

/** The personas that init installs for tasks. */
export type TaskPersona = 'df-backend' | 'df-frontend' | 'df-tester' | 'df-doc';

/** A task to propose: a part of the project that its agent can own. No two tasks share a path. */
export interface ProposedTask {
  id: string;
  persona: TaskPersona;
  /** Folders and files, for people. */
  places: readonly string[];
  owns: readonly string[];
  packages: readonly Package[];
  /** Tasks that must be finished before; normally none. */
  needs: readonly string[];
}

/** With more packages than this, those of a kind are one task. */
const MOST_PACKAGES = 6;

/**
 * Divides a project into what tasks may own: one for each package (or one for each kind, if there are many), with the
 * root's own code as backend and frontend, one for all tests, one for documentation. Their patterns are disjoint by
 * construction: tests are taken out of the code they lie in, server code out of the frontend it lies in.
 */
export function proposeOwnership(survey: Survey): ProposedTask[] {
  const { outermost, docFolders } = outermostPackages(survey.packages);
  const root = rootParts(survey, [...outermost.keys()]);
  let parts = [...root.code, ...packageParts(survey, outermost)];
  if (outermost.size > MOST_PACKAGES) parts = groupByRole(parts);
  if (parts.length === 0) parts = [guessedPart()];
  const keeper = parts.find(({ keepsRoot }) => keepsRoot) ?? parts[0];
  const manifests = survey.packages.flatMap((found) => (found.dir === '' ? found.manifests : []));
  const inCode = parts.flatMap(({ tests }) => tests);
  const docs = [...new Set([...root.docs, ...docFolders])];
  /** Documentation in a folder of code belongs to documentation. */
  const docsIn = (places: readonly string[]) =>
    docFolders.filter((dir) => places.some((place) => isBelow(dir, place))).map(allIn);
  const taken = new Set(['tests', 'docs']);
  const tasks = parts.map((part) => ({
    id: unused(part.id, taken),
    persona: `df-${part.role}` as const,
    places: part.places,
    owns: ownsOf(
      [...part.claims, ...(part === keeper ? manifests.map(escapeGlob) : [])],
      [...part.tests, ...part.carved, ...docsIn(part.places)],
    ),
    packages: part.packages,
  }));
  return inOrder([
    ...tasks,
    {
      id: 'tests',
      persona: 'df-tester',
      places: [...root.tests, ...(inCode.length > 0 ? ["the code's own folders"] : [])],
      owns: ownsOf([...root.tests.map(allIn), ...inCode], docsIn(parts.flatMap(({ places }) => places))),
      packages: [],
    },
    {
      id: 'docs',
      persona: 'df-doc',
      places: ['README.md', ...docs],
      owns: ownsOf(['*.md', ...docs.map(allIn)], []),
      packages: [],
    },
  ]);
}

function ownsOf(claims: readonly string[], without: readonly string[]): string[] {
  return [...new Set([...claims, ...without.map((pattern) => `!${pattern}`)])];
}

/**
 * Orders tasks of which two may write a common path after all, or where that can't be decided (names of folders can be
 * anything, and many patterns are hard to compare). An order makes such a plan valid, and says so.
 */
function inOrder(tasks: readonly Omit<ProposedTask, 'needs'>[]): ProposedTask[] {
  const overlaps = findOverlaps(
    tasks.map(({ owns }) => owns),
    { skip: () => false },
  );
  return tasks.map((task, index) => ({
    ...task,
    needs: overlaps.filter(({ b }) => b === index).map(({ a }) => tasks[a]!.id),
  }));
}

/**
 * Packages by the outermost folder with a manifest, the root apart: what lies below one belongs to it. Those that are
 * documentation (a site of its own, say) are given as folders only.
 */
function outermostPackages(packages: readonly Package[]): {
  outermost: Map<string, Package[]>;
  docFolders: string[];
} {
  const outermost = new Map<string, Package[]>();
  const docFolders: string[] = [];
  for (const found of packages) {
    if (found.dir === '') continue;
    const above = [...outermost.keys()].find((dir) => found.dir === dir || isBelow(found.dir, dir));
    const names = found.dir.split('/');
    const docs = names.findIndex((name) => DOC_FOLDERS.has(name));
    if (above !== undefined) outermost.get(above)!.push(found);
    else if (docs >= 0) docFolders.push(names.slice(0, docs + 1).join('/'));
    else outermost.set(found.dir, [found]);
  }
  return { outermost, docFolders: [...new Set(docFolders)] };
}

function packageParts({ folders }: Survey, outermost: ReadonlyMap<string, Package[]>): Part[] {
  return Array.from(outermost, ([dir, packages]) => {
    const name = nameOf(dir);
    const part = emptyPart(slug(name) || slug(dir) || 'package', roleOf(name, packages), packages);
    const testFolders = [...folders.get(dir)!.folders].filter((child) => TEST_FOLDERS.has(child));
    const among = testsAmong(folders, dir, testFolders.length > 0);
    if (testFolders.length + among.length === 0) testFolders.push('tests');
    addFolder(part, dir, [...testFolders.map((child) => allIn(below(dir, child))), ...among]);
    return part;
  });
}

function roleOf(name: string, packages: readonly Package[]): Part['role'] {
  const frontend = packages.some((found) => found.frontend);
  const backend = packages.some((found) => found.backend);
  const isFrontend = frontend === backend ? FRONTEND_FOLDERS.has(name) : frontend;
  return isFrontend ? 'frontend' : 'backend';
}

function groupByRole(parts: readonly Part[]): Part[] {
  return (['backend', 'frontend'] as const).flatMap((role) => {
    const same = parts.filter((part) => part.role === role);
    if (same.length === 0) return [];
    return {
      id: role,
      role,
      packages: same.flatMap(({ packages }) => packages),
      places: same.flatMap(({ places }) => places),
      claims: same.flatMap(({ claims }) => claims),
      tests: same.flatMap(({ tests }) => tests),
      carved: same.flatMap(({ carved }) => carved),
      keepsRoot: same.some(({ keepsRoot }) => keepsRoot),
    };
  });
}

/** Where code goes in a project that has none yet. */
function guessedPart(): Part {
  const part = emptyPart('backend', 'backend', []);
  addFolder(part, 'src', []);
  return part;
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 60);
}

function unused(id: string, taken: Set<string>): string {
  let name = id;
  for (let n = 2; taken.has(name); n += 1) name = `${id}-${n}`;
  taken.add(name);
  return name;
}
