import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replayRun } from '../../journal/index.js';
import { ForgeError, invalid, unlessGone } from '../../util/errors.js';
import { whyNotOurFolder } from '../../util/files/provenance.js';
import { forgeFolder, hasForgeFolder, trustToRead } from './forge-folder.js';

/** Where everything of one run is kept: `<root>/.forge/runs/<id>/`. All members are absolute paths. */
export class RunFolder {
  readonly dir: string;
  readonly journal: string;
  /** The plan as it ran. */
  readonly plan: string;
  /** How it was started: see RunRequest. */
  readonly request: string;
  readonly base: string;
  readonly integration: string;

  constructor(
    readonly root: string,
    readonly id: string,
  ) {
    this.dir = join(forgeFolder(root), 'runs', id);
    this.journal = join(this.dir, 'journal.ndjson');
    this.plan = join(this.dir, 'forge.plan.yaml');
    this.request = join(this.dir, 'request.json');
    this.base = join(this.dir, 'base');
    this.integration = join(this.dir, 'integration');
  }

  task(id: string): string {
    return join(this.dir, 'tasks', id);
  }
  attempt(task: string, attempt: number): string {
    return join(this.task(task), `attempt-${attempt}`);
  }
  /** The changeset of a task that succeeded. */
  changeset(task: string): string {
    return join(this.task(task), 'changeset');
  }
  gateLog(index: number): string {
    return join(this.dir, 'gates', `${index + 1}.log`);
  }

  /** Numbers of the kept attempts of a task, over all sessions, oldest first: real folders only. */
  keptAttempts(task: string): number[] {
    return this.#attempts(task).filter((n) => lstatSync(this.attempt(task, n)).isDirectory());
  }

  /**
   * The number of a task's next attempt: higher than every one that is there, so that nothing of an earlier session is
   * written over and the order of the numbers is the order of time. Whatever has such a name, folder or not, takes its
   * number. The caller holds the root's lock, and makes the folder.
   * @throws ForgeError where the numbers are used up.
   */
  nextAttempt(task: string): number {
    const last = this.#attempts(task).at(-1) ?? 0;
    if (ATTEMPT.test(`attempt-${last + 1}`)) return last + 1;
    throw new ForgeError(`forge never made ${this.attempt(task, last)}; remove it`);
  }

  #attempts(task: string): number[] {
    const names = unlessGone(() => readdirSync(this.task(task))) ?? [];
    return names
      .flatMap((name) => ATTEMPT.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }
}

/** Nine digits at most: what is longer was not named here. */
const ATTEMPT = /^attempt-([1-9]\d{0,8})$/;

/**
 * The id of a new run: when it started (UTC), and four digits for those that start in the same second, such that it comes
 * after `latest`, the last one that is kept.
 */
export function newRunId(latest?: string): string {
  const now = new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const [second, digits] = [latest?.slice(0, 15), Number.parseInt(latest?.slice(16) ?? '', 16)];
  if (second !== now || !(digits < LAST)) return `${now}-${randomBytes(2).toString('hex')}`;
  const next = digits + 1 + (randomBytes(2).readUInt16BE() % (LAST - digits));
  return `${now}-${next.toString(16).padStart(4, '0')}`;
}

const LAST = 0xffff;

/** What is behind the id in the name of a run that is being removed: when it is certain to go, and just before that. */
export const REMOVED = '.removed';
export const LEAVING = '.leaving';

/** Names that forge gives to run folders. */
const RUN_ID = /^\d{8}-\d{6}-[0-9a-f]{4}$/;

/** Ids of the runs kept for a root, oldest first: real folders of ours with a journal that is a file. */
export function listRuns(root: string): string[] {
  return runFolders(root).filter((id) =>
    lstatSync(new RunFolder(root, id).journal, { throwIfNoEntry: false })?.isFile(),
  );
}

/** What only the start of a run puts into its folder, before there is a journal; also the samples on which backends are tried. */
const OF_THE_START = /^(?:(?:forge\.plan\.yaml|request\.json|base)(?:\.new)?|probe-[0-9a-f]{12})$/;

/**
 * Folders of runs that were killed before they had a journal, so that they are no runs: they hold nothing that any task
 * made. To be asked by who holds the root's lock: nobody else starts a run then.
 */
export function unbornRuns(root: string): string[] {
  return runFolders(root).filter((id) => {
    const names = readdirSync(new RunFolder(root, id).dir);
    return RUN_ID.test(id) && names.every((name) => OF_THE_START.test(name));
  });
}

function runFolders(root: string): string[] {
  const dir = join(forgeFolder(root), 'runs');
  if (!existsSync(dir)) return [];
  trustToRead(root);
  return readdirSync(dir)
    .filter(
      (name) =>
        ![REMOVED, LEAVING].some((end) => name.endsWith(end)) &&
        whyNotOurFolder(join(dir, name)) === undefined,
    )
    .sort();
}

/** Finds a run by its id or the only id that starts or ends with it; the latest when none is named. @throws ForgeError (2) */
export function findRun(root: string, wanted?: string): RunFolder {
  const runs = listRuns(root);
  if (runs.length === 0) throw invalid(`no runs are kept in ${forgeFolder(root)}`);
  if (wanted === undefined) return new RunFolder(root, runs.at(-1)!);
  if (runs.includes(wanted)) return new RunFolder(root, wanted);
  const matches = runs.filter((id) => isPart(wanted, id));
  if (matches.length === 1) return new RunFolder(root, matches[0]!);
  const known = runs.slice(-5).reverse().join(', ');
  throw invalid(
    matches.length === 0
      ? `there is no run ${wanted}; the latest are ${known}`
      : `${wanted} could be ${matches.join(' or ')}; give more of the id`,
  );
}

function isPart(word: string, id: string): boolean {
  return id.startsWith(word) || id.endsWith(word);
}

/**
 * The run and task of `[run] [task]`. One word may be both, as a short task name is how the id of some run begins or ends:
 * then it is the task of the latest run.
 * @throws ForgeError (2) as findRun does
 */
export function findRunAndTask(
  root: string,
  [first, second]: readonly string[],
): { folder: RunFolder; task: string | undefined } {
  const isRun =
    first !== undefined &&
    (second !== undefined ||
      listRuns(root).includes(first) ||
      (listRuns(root).some((id) => isPart(first, id)) && !replayRun(findRun(root).journal).tasks.has(first)));
  return isRun ? { folder: findRun(root, first), task: second } : { folder: findRun(root), task: first };
}

/**
 * The nearest folder at or above `from` that has a `.forge`; undefined when there is none.
 * @throws ForgeError (1) when that is not ours to believe: in a folder that others may write to, anybody could have put one.
 */
export function findRoot(from: string): string | undefined {
  for (let dir = from; ; dir = dirname(dir)) {
    if (hasForgeFolder(dir)) {
      trustToRead(dir);
      return dir;
    }
    if (dirname(dir) === dir) return undefined;
  }
}
