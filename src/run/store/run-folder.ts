import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Splits } from '../../plan/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import { readOurFile, whyNotOurFolder } from '../../util/files/provenance.js';
import { forgeFolder, hasForgeFolder, trustToRead } from './forge-folder.js';

/** Where everything of one run is kept: `<root>/.forge/runs/<id>/`. All members are absolute paths. */
export class RunFolder {
  readonly dir: string;

  constructor(
    readonly root: string,
    readonly id: string,
  ) {
    this.dir = join(forgeFolder(root), 'runs', id);
  }

  get journal(): string {
    return join(this.dir, 'journal.ndjson');
  }
  /** The plan as it ran. */
  get plan(): string {
    return join(this.dir, 'forge.plan.yaml');
  }
  /** How it was started: see RunRequest. */
  get request(): string {
    return join(this.dir, 'request.json');
  }
  get base(): string {
    return join(this.dir, 'base');
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
  get integration(): string {
    return join(this.dir, 'integration');
  }
}

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

/** Makes the folder of a new run, for this user alone. `.forge/runs` is there. */
export function createRunFolder(root: string, id: string): RunFolder {
  const folder = new RunFolder(root, id);
  mkdirSync(folder.dir, { mode: 0o700 });
  return folder;
}

/** Names that forge gives to run folders. */
const RUN_ID = /^\d{8}-\d{6}-[0-9a-f]{4}$/;

/** Ids of the runs kept for a root, oldest first: real folders of ours with a journal that is a file. */
export function listRuns(root: string): string[] {
  return runFolders(root).filter((id) =>
    lstatSync(new RunFolder(root, id).journal, { throwIfNoEntry: false })?.isFile(),
  );
}

/** What only the start of a run puts into its folder, before there is a journal. */
const START: ReadonlySet<string> = new Set(['forge.plan.yaml', 'request.json', 'base']);

/**
 * Folders of runs that were killed before they had a journal, so that they are no runs: they hold nothing that any task
 * made. To be asked by who holds the root's lock: nobody else starts a run then.
 */
export function unbornRuns(root: string): string[] {
  return runFolders(root).filter((id) => {
    const names = readdirSync(new RunFolder(root, id).dir);
    return RUN_ID.test(id) && names.every(isOfTheStart);
  });
}

/** Also what is being written, and the samples on which backends are tried. */
function isOfTheStart(name: string): boolean {
  return START.has(name.replace(/\.new$/, '')) || /^probe-[0-9a-f]{12}$/.test(name);
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

/** Finds a run by its id or the only id that starts or ends with it; the latest when none is named. Throws ForgeError (2). */
export function findRun(root: string, wanted?: string): RunFolder {
  const runs = listRuns(root);
  if (runs.length === 0) throw new ForgeError(`no runs are kept in ${forgeFolder(root)}`, ExitCode.invalid);
  if (wanted === undefined) return new RunFolder(root, runs.at(-1)!);
  if (runs.includes(wanted)) return new RunFolder(root, wanted);
  const matches = runs.filter((id) => id.startsWith(wanted) || id.endsWith(wanted));
  if (matches.length === 1) return new RunFolder(root, matches[0]!);
  const known = runs.slice(-5).reverse().join(', ');
  throw new ForgeError(
    matches.length === 0
      ? `there is no run ${wanted}; the latest are ${known}`
      : `${wanted} could be ${matches.join(' or ')}; give more of the id`,
    ExitCode.invalid,
  );
}

/**
 * The nearest folder at or above `from` that has a `.forge`; undefined when there is none.
 *
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

/** How a run was started, kept so that `resume` and `merge` do the same. */
export interface RunRequest {
  planFile: string;
  vars: Record<string, string>;
  /** Task ids named on the command line; empty = all. */
  tasks: string[];
  jobs?: number;
  keepGoing: boolean;
  backend?: 'overlay' | 'clone' | 'copy';
  branch?: string;
  commit: boolean;
  /** How the files of tasks with `split` were divided: the tree may have other files by now. */
  splits?: Splits;
}

/** Reads back how a run was started. Throws ForgeError for a file that is damaged, and what reading throws. */
export function readRequest(folder: RunFolder): RunRequest {
  const text = readOurFile(folder.request);
  try {
    return JSON.parse(text) as RunRequest;
  } catch (error) {
    throw new ForgeError(
      `${folder.request} is damaged (${(error as Error).message}), so run ${folder.id} can't go on; its work is in ${folder.dir}`,
    );
  }
}
