import { join } from 'node:path';
import type { Journal } from '../../journal/index.js';
import {
  type Base,
  CommitTargetError,
  type Committed,
  type Conflict,
  checkCommitLocks,
  commitRun,
  HalfWrittenError,
  hardLinkNotes,
  MergeError,
  type ResolvedEntry,
  resolveMerge,
  stillResolved,
  TreeChangedError,
  writeMerge,
} from '../../merge/index.js';
import type { Plan } from '../../plan/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { firstOf } from '../../util/text/count.js';
import {
  type Backend,
  type Changeset,
  type ComposedEntry,
  composeChangesets,
} from '../../workspace/index.js';
import type { Redactor } from '../secrets/redactor.js';
import type { RunControl } from '../session/control.js';
import type { RunFolder, RunRequest } from '../store/run-folder.js';
import { withoutImpliedFolders } from './changed-paths.js';
import { folderClashes } from './folder-clashes.js';
import { runGates } from './gates.js';

/** How often integration starts again because the user saved a file that is to be merged meanwhile. */
const ROUNDS = 5;

/** Everything that bringing results into the working tree needs. */
export interface IntegrateOptions {
  plan: Plan;
  folder: RunFolder;
  request: RunRequest;
  journal: Journal;
  base: Base;
  backend: Backend;
  redactor: Redactor;
  /** The changeset of every task, in topological order. */
  changesets: readonly { task: string; title: string; changeset: Changeset }[];
  control: Pick<RunControl, 'approve' | 'noMerge' | 'signal'>;
}

/** How integration ended: the exit code and one sentence. */
export interface IntegrateResult {
  exitCode: ExitCode;
  reason?: string;
}

/**
 * Puts all changesets together in one more workspace, merged with what the user changed meanwhile, runs the gates
 * there, asks, and merges into the working tree or onto a branch: all of it or nothing.
 */
export async function integrate(options: IntegrateOptions): Promise<IntegrateResult> {
  const clashes = folderClashes(options.changesets);
  if (clashes.length > 0)
    return { exitCode: ExitCode.failed, reason: `the results do not fit together: ${clashes.join('; ')}` };
  for (let round = 1; ; round += 1) {
    const result = await integrateOnce(options, round);
    if (result !== 'again') return result;
    if (round === ROUNDS) {
      return refuse(options, [], 'files that are to be merged keep changing in the working tree');
    }
  }
}

async function integrateOnce(options: IntegrateOptions, round: number): Promise<IntegrateResult | 'again'> {
  const { plan, folder, journal, base, control } = options;
  const { signal } = control;
  const entries = composeChangesets(options.changesets.map(({ changeset }) => changeset));
  const into = join(folder.integration, String(round));
  await removeTree(into);
  const resolved = await resolveMerge({ root: plan.root, base, entries, into });
  const onBranch = options.request.branch !== undefined;
  if (!resolved.ok && !onBranch) {
    return refuseConflicts(options, resolved.conflicts);
  }
  // A branch gets the tasks' work alone: what the user changed meanwhile stays in the working tree.
  const state = onBranch || !resolved.ok ? entries : asApplied(entries, resolved.writes);
  const failure = await passGates(options, state, round);
  if (signal.aborted) return { exitCode: ExitCode.interrupted, reason: 'interrupted' };
  if (failure) return { exitCode: ExitCode.failed, reason: failure };

  const paths = withoutImpliedFolders(state).map(({ path, change }) => ({ path, change }));
  if (control.noMerge) {
    journal.append({ type: 'merge.finished', state: 'waiting', paths: paths.map(({ path }) => path) });
    return { exitCode: ExitCode.ok };
  }
  if (control.approve && paths.length > 0) {
    const threeWay = resolved.ok ? resolved.merged3 : [];
    const approved = await control.approve({ run: folder.id, paths, threeWay });
    if (signal.aborted) return { exitCode: ExitCode.interrupted, reason: 'interrupted' };
    if (!approved) {
      journal.append({
        type: 'merge.finished',
        state: 'declined',
        paths: [],
        reason: 'declined at the prompt',
      });
      return { exitCode: ExitCode.declined, reason: 'declined at the prompt' };
    }
  }
  if (!onBranch && resolved.ok && !(await stillResolved(plan.root, resolved))) return 'again';
  return await merge(
    options,
    resolved.ok ? resolved.writes : [],
    paths.map(({ path }) => path),
  );
}

/** The entries whose path is to be written, with the content that three-way merging gave them. */
function asApplied(entries: readonly ComposedEntry[], writes: readonly ResolvedEntry[]): ComposedEntry[] {
  const resolved = new Map(writes.map((write) => [write.path, write]));
  return entries.flatMap((entry) => {
    const write = resolved.get(entry.path);
    if (!write) return [];
    if (entry.kind !== 'file' || write.kind !== 'file') return [entry];
    return [{ ...entry, mode: write.mode, blob: write.from }];
  });
}

/** Gives what failed, in one sentence; undefined when every gate passed. */
async function passGates(
  options: IntegrateOptions,
  state: readonly ComposedEntry[],
  round: number,
): Promise<string | undefined> {
  const { plan, folder, journal, base, backend, request } = options;
  if (plan.gates.length === 0) return undefined;
  const workspace = await backend.open({
    root: plan.root,
    start: state,
    name: `${folder.id}.integration.${round}`,
    base,
  });
  try {
    const failures = await runGates({
      gates: plan.gates,
      workspace,
      folder,
      journal,
      redactor: options.redactor,
      keepGoing: request.keepGoing,
      signal: options.control.signal,
    });
    if (failures.length === 0) return undefined;
    return failures.map(({ name, reason }) => `gate ${name} failed (${reason})`).join('; ');
  } finally {
    await workspace.close();
  }
}

/** Merges, and tells what fails before the commit point as what it is: nothing was merged. */
async function merge(
  options: IntegrateOptions,
  writes: readonly ResolvedEntry[],
  paths: string[],
): Promise<IntegrateResult | 'again'> {
  const { journal } = options;
  try {
    if (paths.length > 0) journal.append({ type: 'merge.started', paths: paths.length });
    await journal.synced();
    const commits = await makeCommits(options);
    if (commits && !commits.ok) return refuseConflicts(options, commits.conflicts, true);
    return await write(options, writes, paths, commits);
  } catch (error) {
    if (error instanceof TreeChangedError) return 'again';
    if (error instanceof InterruptedError) {
      journal.append({ type: 'merge.finished', state: 'refused', paths: [], reason: error.message });
      return { exitCode: ExitCode.interrupted, reason: 'interrupted' };
    }
    if (error instanceof HalfWrittenError) throw error;
    const reason = (error as Error).message;
    try {
      journal.append({ type: 'merge.finished', state: 'refused', paths: [], reason });
    } catch {
      // The journal itself may be what failed (disk full): the first error is the one to report.
      throw error;
    }
    if (error instanceof CommitTargetError) return { exitCode: ExitCode.refused, reason };
    throw error;
  }
}

/** The commits of `--branch` and `--commit`. */
async function makeCommits({ plan, folder, request, base, changesets, control }: IntegrateOptions) {
  if (request.branch === undefined && !request.commit) return undefined;
  return await commitRun({
    root: plan.root,
    runId: folder.id,
    base,
    tasks: changesets.map(({ task, title, changeset }) => ({
      id: task,
      title,
      entries: composeChangesets([changeset]),
    })),
    ...(plan.goal !== undefined && { goal: plan.goal }),
    ...(request.branch !== undefined && { branch: request.branch }),
    lastCheck: () => {
      if (control.signal.aborted) throw new InterruptedError();
    },
  });
}

/** Ctrl-C came before the commit point. */
class InterruptedError extends MergeError {
  constructor() {
    super('interrupted before anything was written');
  }
}

async function write(
  options: IntegrateOptions,
  writes: readonly ResolvedEntry[],
  paths: string[],
  commits: (Committed & { ok: true }) | undefined,
): Promise<IntegrateResult> {
  const { plan, folder, request, journal, control } = options;
  const ref = commits && { ref: commits.ref, commit: commits.commit };
  const notes = (commits?.skipped ?? []).map((path) => `${path} is ignored by git and was not committed`);
  const kept: string[] = [];
  const record = async (moved: typeof ref) => {
    journal.append({
      type: 'merge.finished',
      state: 'merged',
      paths,
      ...(notes.length > 0 && { reason: notes.join('; '), notes }),
      ...(kept.length > 0 && { displaced: kept }),
      ...moved,
    });
    await journal.synced();
  };
  if (request.branch !== undefined) {
    await record(ref);
    return { exitCode: ExitCode.ok };
  }
  notes.push(...hardLinkNotes(writes));
  const after = commits?.after;
  await writeMerge({
    root: plan.root,
    runId: folder.id,
    writes,
    ...(after && { after }),
    lastCheck: async () => {
      if (control.signal.aborted) throw new InterruptedError();
      if (after) await checkCommitLocks(plan.root, after.ref, after);
    },
    note: (text) => notes.push(text),
    record: async ({ displaced, refused }) => {
      for (const { path, kept: place } of displaced) {
        notes.push(`${path} was saved while forge merged; that version is in ${place}`);
        kept.push(place);
      }
      if (refused !== undefined) notes.push(refused);
      await record(refused === undefined ? ref : undefined);
    },
  });
  return { exitCode: ExitCode.ok };
}

/** Conflicts that a reason tells one by one; the event has all their paths. */
const MOST_CONFLICTS = 20;

function refuseConflicts(
  options: IntegrateOptions,
  conflicts: readonly Conflict[],
  ofCommits = false,
): IntegrateResult {
  const told = conflicts.map(({ path, reason }) => `${path}: ${reason}`);
  const reasons = firstOf(told, MOST_CONFLICTS, (more) => `and ${more} more`).join('; ');
  const way = ofCommits
    ? `; \`forge merge ${options.folder.id} --no-commit\` merges into the working tree only`
    : '';
  return refuse(
    options,
    conflicts.map(({ path }) => path),
    reasons + way,
  );
}

function refuse(options: IntegrateOptions, paths: string[], reason: string): IntegrateResult {
  options.journal.append({ type: 'merge.finished', state: 'refused', paths, reason });
  return { exitCode: ExitCode.refused, reason };
}
