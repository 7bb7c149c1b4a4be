import { join } from 'node:path';
import {
  CommitTargetError,
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

/** What one task made; `title` is the subject of its commit. */
export interface TaskResult {
  task: string;
  title: string;
  changeset: Changeset;
}

/**
 * Puts all results (in topological order) together in one more workspace, merged with what the user changed meanwhile,
 * runs the gates there, asks, and merges into the working tree or onto a branch: all of it or nothing.
 */
export async function integrate(
  run: PreparedRun,
  results: readonly TaskResult[],
  redactor: Redactor,
  hooks: RunHooks,
): Promise<RunEnd> {
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

/** What is to be merged, and whether that is still right. */
interface Merging {
  /** The integrated result, against the start of the run. */
  state: readonly ComposedEntry[];
  /** What of it is to be written into the working tree. */
  writes: readonly ResolvedEntry[];
  /** Paths that the user changed too. */
  threeWay: string[];
  /** Throws TreeChangedError when the user has changed something since. */
  check: () => Promise<void>;
}

class Integration {
  constructor(
    private readonly run: PreparedRun,
    private readonly results: readonly TaskResult[],
    private readonly redactor: Redactor,
    private readonly hooks: RunHooks,
  ) {}

  /** @throws TreeChangedError when the user changed what is to be merged meanwhile: nothing was merged, and it is to be tried again */
  async try(round: number): Promise<RunEnd> {
    const { folder, journal } = this.run;
    const { signal, noMerge, approve } = this.hooks;
    const merging = await this.#compose(round);
    if ('conflicts' in merging) return this.#refuseConflicts(merging.conflicts);
    const failure = await this.#gates(merging.state, round);
    const interrupted = interruption(signal);
    if (interrupted) return interrupted;
    if (failure) return { exitCode: ExitCode.failed, reason: failure };

    const changes = withoutImpliedFolders(merging.state).map(({ path, change }) => ({ path, change }));
    const paths = changes.map(({ path }) => path);
    if (noMerge) {
      journal.append({ type: 'merge.finished', state: 'waiting', paths });
      return { exitCode: ExitCode.ok };
    }
    if (approve && paths.length > 0) {
      const { threeWay } = merging;
      const isApproved = await approve({ run: folder.id, paths: changes, threeWay });
      const interrupted = interruption(signal);
      if (interrupted) return interrupted;
      if (!isApproved) {
        const reason = 'declined at the prompt';
        journal.append({ type: 'merge.finished', state: 'declined', paths: [], reason });
        return { exitCode: ExitCode.declined, reason };
      }
    }
    await merging.check();
    return await this.#merge(merging.writes, paths);
  }

  /** Tells that the merge is refused. */
  refuse(paths: string[], reason: string): RunEnd {
    this.run.journal.append({ type: 'merge.finished', state: 'refused', paths, reason });
    return { exitCode: ExitCode.refused, reason };
  }

  async #compose(round: number): Promise<Merging | { conflicts: readonly Conflict[] }> {
    const { plan, folder, base, request } = this.run;
    const entries = composeChangesets(this.results.map(({ changeset }) => changeset));
    // A branch gets the tasks' work alone: what the user changed meanwhile stays in the working tree.
    if (request.branch !== undefined)
      return { state: entries, writes: [], threeWay: [], check: async () => undefined };
    const into = join(folder.integration, String(round));
    await removeTree(into);
    const resolved = await resolveMerge({ root: plan.root, base, entries, into });
    if (!resolved.ok) return resolved;
    const check = async () => {
      if (!(await stillResolved(plan.root, resolved))) throw new TreeChangedError([]);
    };
    const { writes, merged3: threeWay } = resolved;
    return { state: asApplied(entries, writes), writes, threeWay, check };
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

  /** Merges, and tells what fails before the commit point as what it is: nothing was merged. */
  async #merge(writes: readonly ResolvedEntry[], paths: string[]): Promise<RunEnd> {
    const { folder, journal, request } = this.run;
    try {
      if (paths.length > 0) journal.append({ type: 'merge.started', paths: paths.length });
      await journal.synced();
      const commits = await this.#commits();
      if (commits && !commits.ok) {
        const way = `; \`forge merge ${folder.id} --no-commit\` merges into the working tree only`;
        return this.#refuseConflicts(commits.conflicts, way);
      }
      const merged: Merged = {
        paths,
        notes: (commits?.skipped ?? []).map((path) => `${path} is ignored by git and was not committed`),
        moved: commits && { ref: commits.ref, commit: commits.commit },
      };
      if (request.branch !== undefined) await this.#record(merged);
      else await this.#writeTree(writes, merged, commits?.after);
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
      tasks: this.results.map(({ task, title, changeset }) => ({
        id: task,
        title,
        entries: composeChangesets([changeset]),
      })),
      goal: plan.goal,
      branch: request.branch,
      lastCheck: () => this.#lastCheck(),
    });
  }

  async #writeTree(
    writes: readonly ResolvedEntry[],
    { paths, notes, moved }: Merged,
    after: Parameters<typeof writeMerge>[0]['after'],
  ): Promise<void> {
    const { plan, folder } = this.run;
    notes.push(...hardLinkNotes(writes));
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
      record: async ({ displaced, refused }) => {
        for (const { path, kept } of displaced)
          notes.push(`${path} was saved while forge merged; that version is in ${kept}`);
        if (refused !== undefined) notes.push(refused);
        await this.#record({
          paths,
          notes,
          displaced: displaced.map(({ kept }) => kept),
          moved: refused === undefined ? moved : undefined,
        });
      },
    });
  }

  #lastCheck(): void {
    if (this.hooks.signal.aborted) throw new InterruptedMergeError('interrupted before anything was written');
  }

  async #record({ paths, notes, displaced = [], moved }: Merged): Promise<void> {
    const { journal } = this.run;
    journal.append({
      type: 'merge.finished',
      state: 'merged',
      paths,
      reason: notes.length > 0 ? notes.join('; ') : undefined,
      notes: notes.length > 0 ? notes : undefined,
      displaced: displaced.length > 0 ? displaced : undefined,
      ...moved,
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

/** What `merge.finished` tells of a merge that was done. */
interface Merged {
  paths: string[];
  notes: string[];
  displaced?: string[];
  /** The ref that moved, and where to. */
  moved: { ref: string; commit: string } | undefined;
}

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
