import { join } from 'node:path';
import {
  CommitTargetError,
  type Committed,
  type Conflict,
  checkCommitLocks,
  commitRun,
  HalfWrittenError,
  hardLinkNotes,
  type Merged,
  MergeError,
  type RefUpdate,
  type Resolution,
  type ResolvedEntry,
  resolveMerge,
  stillResolved,
  TreeChangedError,
  writeMerge,
} from '../../merge/index.js';
import type { Task } from '../../plan/index.js';
import { ExitCode } from '../../util/errors.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { interruption } from '../../util/process/interrupt.js';
import { shortened } from '../../util/text/amounts.js';
import { type Changeset, type ComposedEntry, composeChangesets } from '../../workspace/index.js';
import type { Redactor } from '../secrets/redactor.js';
import type { RunEnd, RunHooks } from '../session/hooks.js';
import type { PreparedRun } from '../session/prepare.js';
import { kindConflicts, withoutImpliedFolders } from './changes.js';
import { runGates } from './gates.js';

/** How often integration starts again because the user saved a file that is to be merged meanwhile. */
const ROUNDS = 5;

/**
 * Puts the results of all tasks together in one more workspace, merged with what the user changed meanwhile,
 * runs the gates there, asks, and merges into the working tree or onto a branch: all of it or nothing.
 */
export async function integrate(
  run: PreparedRun,
  changesets: ReadonlyMap<string, Changeset>,
  redactor: Redactor,
  hooks: RunHooks,
): Promise<RunEnd> {
  const results = run.tasks.map(({ task }) => ({ task, changeset: changesets.get(task.id)! }));
  const conflicts = kindConflicts(results);
  if (conflicts.length > 0)
    return { exitCode: ExitCode.failed, reason: `the results do not fit together: ${conflicts.join('; ')}` };
  const integration = new Integration(run, results, redactor, hooks);
  for (let round = 1; round <= ROUNDS; round += 1) {
    try {
      return await integration.try(round);
    } catch (error) {
      if (!(error instanceof TreeChangedError)) throw error;
    }
  }
  return integration.refuse([], 'files that are to be merged keep changing in the working tree');
}

class Integration {
  constructor(
    private readonly run: PreparedRun,
    /** In topological order. */
    private readonly results: readonly { task: Task; changeset: Changeset }[],
    private readonly redactor: Redactor,
    private readonly hooks: RunHooks,
  ) {}

  /** @throws TreeChangedError when the user changed what is to be merged meanwhile: nothing was merged, and it is to be tried again */
  async try(round: number): Promise<RunEnd> {
    const { plan, folder, journal, request } = this.run;
    const { signal, noMerge, approve } = this.hooks;
    const entries = composeChangesets(this.results.map(({ changeset }) => changeset));
    // A branch gets the tasks' work alone: what the user changed meanwhile stays in the working tree.
    const resolved = request.branch === undefined ? await this.#resolve(entries, round) : undefined;
    if (resolved?.ok === false) return this.#refuseConflicts(resolved.conflicts);
    const state = resolved ? asApplied(entries, resolved.writes) : entries;
    const failure = await this.#gates(state, round);
    const interrupted = interruption(signal);
    if (interrupted) return interrupted;
    if (failure) return { exitCode: ExitCode.failed, reason: failure };

    const changes = withoutImpliedFolders(state).map(({ path, change }) => ({ path, change }));
    const paths = changes.map(({ path }) => path);
    if (noMerge) {
      journal.append({ type: 'merge.finished', state: 'waiting', paths });
      return { exitCode: ExitCode.ok };
    }
    if (approve && paths.length > 0) {
      const threeWay = resolved?.merged3 ?? [];
      const isApproved = await approve({ run: folder.id, paths: changes, threeWay });
      const interrupted = interruption(signal);
      if (interrupted) return interrupted;
      if (!isApproved) {
        const reason = 'declined at the prompt';
        journal.append({ type: 'merge.finished', state: 'declined', paths: [], reason });
        return { exitCode: ExitCode.declined, reason };
      }
    }
    if (resolved && !(await stillResolved(plan.root, resolved))) throw new TreeChangedError([]);
    return await this.#merge(resolved?.writes, paths);
  }

  /** Tells that the merge is refused. */
  refuse(paths: string[], reason: string): RunEnd {
    this.run.journal.append({ type: 'merge.finished', state: 'refused', paths, reason });
    return { exitCode: ExitCode.refused, reason };
  }

  async #resolve(entries: readonly ComposedEntry[], round: number): Promise<Resolution> {
    const { plan, folder, base } = this.run;
    const into = join(folder.integration, String(round));
    await removeTree(into);
    return await resolveMerge({ root: plan.root, base, entries, into });
  }

  /** Gives what failed, in one sentence; undefined when every gate passed. */
  async #gates(state: readonly ComposedEntry[], round: number): Promise<string | undefined> {
    const { plan, folder, base, chosen } = this.run;
    if (plan.gates.length === 0) return undefined;
    const name = `${folder.id}.integration.${round}`;
    const workspace = await chosen.backend.open({ root: plan.root, start: state, name, base });
    try {
      return await runGates(this.run, workspace, this.redactor, this.hooks.signal);
    } finally {
      await workspace.close();
    }
  }

  /** Merges, and tells what fails before the commit point as what it is: nothing was merged. Without `writes` onto a branch. */
  async #merge(writes: readonly ResolvedEntry[] | undefined, paths: string[]): Promise<RunEnd> {
    const { folder, journal } = this.run;
    try {
      if (paths.length > 0) journal.append({ type: 'merge.started', paths: paths.length });
      await journal.synced();
      const commits = await this.#commits();
      if (commits && !commits.ok) {
        const way = `; \`forge merge ${folder.id} --no-commit\` merges into the working tree only`;
        return this.#refuseConflicts(commits.conflicts, way);
      }
      const record = (written: Written) => this.#record(paths, written, commits);
      if (writes) await this.#writeTree(writes, commits?.after, record);
      else await record({ displaced: [], notes: [] });
      return { exitCode: ExitCode.ok };
    } catch (error) {
      if (error instanceof TreeChangedError || error instanceof HalfWrittenError) throw error;
      let refused: RunEnd;
      try {
        refused = this.refuse([], (error as Error).message);
      } catch {
        // The journal itself may be what failed (disk full): the first error is the one to report.
        throw error;
      }
      if (error instanceof InterruptedMergeError) return interruption(this.hooks.signal)!;
      if (error instanceof CommitTargetError) return refused;
      throw error;
    }
  }

  /** The commits of `--branch` and `--commit`. */
  async #commits() {
    const { plan, folder, request, base } = this.run;
    if (request.branch === undefined && !request.commit) return undefined;
    return await commitRun({
      root: plan.root,
      runId: folder.id,
      base,
      tasks: this.results.map(({ task: { id, description }, changeset }) => ({
        id,
        title: description ?? id,
        entries: composeChangesets([changeset]),
      })),
      goal: plan.goal,
      branch: request.branch,
      lastCheck: () => this.#lastCheck(),
    });
  }

  async #writeTree(
    writes: readonly ResolvedEntry[],
    after: RefUpdate | undefined,
    record: (written: Written) => Promise<void>,
  ): Promise<void> {
    const { plan, folder } = this.run;
    const notes = hardLinkNotes(writes);
    await writeMerge({
      root: plan.root,
      runId: folder.id,
      writes,
      after,
      lastCheck: async () => {
        this.#lastCheck();
        if (after) await checkCommitLocks(plan.root, after.ref, after);
      },
      note: (text) => notes.push(text),
      record: (merged) => record({ ...merged, notes }),
    });
  }

  #lastCheck(): void {
    if (this.hooks.signal.aborted) throw new InterruptedMergeError('interrupted before anything was written');
  }

  async #record(
    paths: string[],
    { displaced, refused, notes }: Written,
    commits: Extract<Committed, { ok: true }> | undefined,
  ): Promise<void> {
    const { journal } = this.run;
    const told = [
      ...(commits?.skipped ?? []).map((path) => `${path} is ignored by git and was not committed`),
      ...notes,
      ...displaced.map(
        ({ path, kept }) => `${path} was saved while forge merged; that version is in ${kept}`,
      ),
      ...(refused === undefined ? [] : [refused]),
    ];
    const moved = refused === undefined ? commits : undefined;
    journal.append({
      type: 'merge.finished',
      state: 'merged',
      paths,
      reason: told.length > 0 ? told.join('; ') : undefined,
      notes: told.length > 0 ? told : undefined,
      displaced: displaced.length > 0 ? displaced.map(({ kept }) => kept) : undefined,
      ref: moved?.ref,
      commit: moved?.commit,
    });
    await journal.synced();
  }

  #refuseConflicts(conflicts: readonly Conflict[], way = ''): RunEnd {
    const paths = conflicts.map(({ path }) => path);
    const told = conflicts.map(({ path, reason }) => `${path}: ${reason}`);
    const shown = shortened(told, MOST_CONFLICTS, (more) => `and ${more} more`);
    return this.refuse(paths, shown.join('; ') + way);
  }
}

/** Conflicts that a reason tells one by one; the event has all their paths. */
const MOST_CONFLICTS = 20;

/** What writing has to tell, beside the paths. */
type Written = Omit<Merged, 'paths'> & { notes: string[] };

/** Ctrl-C came before the commit point. */
class InterruptedMergeError extends MergeError {}

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
