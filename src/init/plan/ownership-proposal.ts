import { findOverlaps } from '../../ownership/index.js';
import { escapeGlob } from '../../util/paths/glob-escape.js';
import { isBelow } from '../../util/paths/path.js';
import type { Package } from '../survey/package.js';
import type { Survey } from '../survey/survey.js';
import { allIn, divideProject } from './parts.js';

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

/**
 * Who may own what: one task for each part of the code, one for all tests, one for documentation. Their patterns are
 * disjoint by construction: tests are taken out of the code they lie in, server code out of the frontend it lies in.
 */
export function proposeOwnership(survey: Survey): ProposedTask[] {
  const { code, tests, docs } = divideProject(survey);
  const keeper = code.find(({ keepsRoot }) => keepsRoot) ?? code[0];
  const manifests = survey.packages.flatMap((found) => (found.dir === '' ? found.manifests : []));
  const testsInCode = code.flatMap((part) => part.tests);
  /** Documentation in a folder of code belongs to documentation. */
  const docsIn = (places: readonly string[]) =>
    docs.filter((dir) => places.some((place) => isBelow(dir, place))).map(allIn);
  const taken = new Set(['tests', 'docs']);
  return inOrder([
    ...code.map((part) => ({
      id: unused(part.id, taken),
      persona: `df-${part.role}` as const,
      places: part.places,
      owns: ownsOf(
        [...part.claims, ...(part === keeper ? manifests.map(escapeGlob) : [])],
        [...part.tests, ...part.carved, ...docsIn(part.places)],
      ),
      packages: part.packages,
    })),
    {
      id: 'tests',
      persona: 'df-tester',
      places: testsInCode.length > 0 ? [...tests, "the code's own folders"] : tests,
      owns: ownsOf([...tests.map(allIn), ...testsInCode], docsIn(code.flatMap(({ places }) => places))),
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

function unused(id: string, taken: Set<string>): string {
  let name = id;
  for (let n = 2; taken.has(name); n += 1) name = `${id}-${n}`;
  taken.add(name);
  return name;
}
