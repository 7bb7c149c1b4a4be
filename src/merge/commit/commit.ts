import { join } from 'node:path';
import { removeTree } from '../../util/files/remove-tree.js';
import { git, gitOk } from '../../util/git/git.js';
import { isSafeRelativePath } from '../../util/paths/reserved-path.js';
import { encodePath, gitIgnored, makeTemporary } from '../../workspace/index.js';
import type { Base } from '../base/base.js';
import { repositoryPrefix } from '../base/owned-files.js';
import { MergeError } from '../merge-error.js';
import type { Conflict, MergeEntry } from '../resolve/entry.js';
import { convertedPaths } from '../resolve/filters.js';
import { fault } from '../transaction/fault.js';
import type { GitEntry, IndexMove, RefUpdate } from '../transaction/merge-plan.js';
import { commitEntry } from './commit-entry.js';
import { CommitTargetError } from './commit-locks.js';
import { checkCommitTarget } from './commit-target.js';
import { GitObjects } from './git-objects.js';
import { indexLine, readIndex, sameEntry } from './ref-update.js';

/** One task's part of a run. `title` becomes the first line of its commit. */
export interface CommitTask {
  id: string;
  title?: string;
  entries: readonly MergeEntry[];
}

/** What building commits gave. */
export type Committed =
  | {
      ok: true;
      ref: string;
      /** Where the ref points (`--branch`) or will point once `after` is done (`--commit`). */
      commit: string;
      /** Number of commits made. */
      commits: number;
      /** Paths left out because git ignores them. */
      skipped: string[];
      /** `--commit` only: for `writeMerge`. */
      after?: RefUpdate;
    }
  | { ok: false; conflicts: Conflict[] };

/**
 * Makes one commit per task, in the order given (a task after those it builds on), without touching the working
 * tree, the index or any hook. What each commit changes is the task's own change: edits of the user's that were not
 * committed stay out where they can be separated. With `branch`, creates that branch; without, gives in `after` how
 * the current branch and index are to move when the working tree has been written. Tasks without changes make no commit.
 * @throws CommitTargetError (see `checkCommitTarget`), MergeError when git fails otherwise
 */
export async function commitRun(options: {
  root: string;
  runId: string;
  branch?: string;
  tasks: readonly CommitTask[];
  base: Base;
  goal?: string;
  /** Called right before a new branch is made; what it throws stops that. */
  lastCheck?: () => void;
}): Promise<Committed> {
  const { root, branch } = options;
  const made = branch === undefined ? undefined : await branchMadeBefore(root, branch, options.runId);
  if (made !== undefined) return made;
  const target = await checkCommitTarget(root, branch);
  const scratch = makeTemporary('commit');
  try {
    const builder = new CommitBuilder({ ...options, head: target.head, scratch });
    const { commit, commits } = await builder.build();
    if (builder.conflicts.length > 0) return { ok: false, conflicts: builder.conflicts };
    const skipped = [...builder.skipped].sort();
    const message = `forge: run ${options.runId}`;
    if (branch !== undefined) {
      options.lastCheck?.();
      const none = '0'.repeat(commit.length);
      const moved = await git(root, ['update-ref', '-m', message, target.ref, commit, none]);
      if (moved.code !== 0) {
        throw new CommitTargetError(
          `The branch ${branch} could not be created: ${moved.stderr}. The run's commits end in ${commit}.`,
        );
      }
      fault('merge-branch');
      return { ok: true, ref: target.ref, commit, commits, skipped };
    }
    const index = await builder.indexMoves();
    if (builder.conflicts.length > 0) return { ok: false, conflicts: builder.conflicts };
    const after: RefUpdate = { ref: target.ref, old: target.head, new: commit, message, index };
    return {
      ok: true,
      ref: target.ref,
      commit,
      commits,
      skipped,
      ...(commit === target.head ? {} : { after }),
    };
  } finally {
    await removeTree(scratch);
  }
}

/** The branch, where this very run has made it: forge was killed before it could record that. */
export async function branchMadeBefore(
  root: string,
  branch: string,
  runId: string,
): Promise<Committed | undefined> {
  const ref = `refs/heads/${branch}`;
  const format = '--format=%H %(trailers:key=Forge-Run,valueonly,separator=%x2C)';
  const tip = await git(root, ['log', '-1', format, ref, '--']);
  const [commit, run] = tip.stdout.toString().trim().split(' ');
  if (tip.code !== 0 || commit === undefined || run !== runId) return undefined;
  const count = await gitOk(root, ['rev-list', '--count', `--grep=^Forge-Run: ${runId}$`, ref, '--']);
  return { ok: true, ref, commit, commits: Number(count.toString()), skipped: [] };
}

class CommitBuilder {
  readonly conflicts: Conflict[] = [];
  readonly skipped = new Set<string>();
  readonly #env: { GIT_INDEX_FILE: string };
  readonly #zero: string;
  #prefix = '';
  #objects!: GitObjects;
  #head = new Map<string, GitEntry>();
  /** What the commits so far have, and what the tasks so far left behind, by path relative to root. */
  #tree = new Map<string, GitEntry>();
  readonly #results = new Map<string, GitEntry | null>();
  #scratchCount = 0;

  constructor(
    private readonly run: {
      root: string;
      runId: string;
      tasks: readonly CommitTask[];
      base: Base;
      goal?: string;
      head: string;
      scratch: string;
    },
  ) {
    this.#env = { GIT_INDEX_FILE: join(run.scratch, 'index') };
    this.#zero = '0'.repeat(run.head.length);
  }

  async build(): Promise<{ commit: string; commits: number }> {
    const { root, head, tasks } = this.run;
    this.#prefix = (await repositoryPrefix(root)) ?? '';
    const paths = [...new Set(tasks.flatMap((task) => task.entries.map((entry) => entry.path)))];
    for (const path of paths)
      if (!isSafeRelativePath(path))
        throw new MergeError(`A changeset names ${JSON.stringify(path)}, which forge never commits.`);
    this.#objects = new GitObjects(root, await convertedPaths(root, paths));
    await gitOk(root, ['read-tree', head], { env: this.#env });
    this.#head = await this.#listIndex(this.#env);
    this.#tree = new Map(this.#head);
    this.#checkSubmodules(paths, await this.#listIndex({}));
    if (this.conflicts.length > 0) return { commit: head, commits: 0 };
    for (const path of await gitIgnored(root, paths)) this.skipped.add(path);

    let commit = head;
    let commits = 0;
    let tree = (await gitOk(root, ['rev-parse', `${head}^{tree}`])).toString().trim();
    for (const task of tasks) {
      const lines = await this.#changes(task);
      if (lines.length === 0 || this.conflicts.length > 0) continue;
      await gitOk(root, ['update-index', '-z', '--index-info'], {
        input: Buffer.concat(lines),
        env: this.#env,
      });
      const next = (await gitOk(root, ['write-tree'], { env: this.#env })).toString().trim();
      if (next === tree) continue;
      tree = next;
      const input = message(task, this.run.runId, this.run.goal);
      commit = (await gitOk(root, ['commit-tree', tree, '-p', commit, '-F', '-'], { input }))
        .toString()
        .trim();
      commits += 1;
    }
    return { commit, commits };
  }

  /** How the user's index moves from the old commit to the new one; what is staged there is merged three-way. */
  async indexMoves(): Promise<IndexMove[]> {
    const after = await this.#listIndex(this.#env);
    const now = await this.#listIndex({});
    const moves: IndexMove[] = [];
    for (const path of new Set([...this.#head.keys(), ...after.keys()])) {
      const [start, result, staged] = [this.#head, after, now].map((map) => map.get(path) ?? null) as [
        GitEntry | null,
        GitEntry | null,
        GitEntry | null,
      ];
      if (sameEntry(start, result) || sameEntry(staged, result)) continue;
      const decided =
        staged === null && start !== null
          ? { reason: 'its deletion is staged' }
          : result === null && !sameEntry(staged, start)
            ? { reason: 'the run deletes it' }
            : await this.#decide(staged, start, result);
      if ('entry' in decided) moves.push({ path, from: staged, to: decided.entry });
      else {
        const reason = `it has staged changes that can't be kept apart from the run's (${decided.reason}): commit or unstage them first`;
        this.conflicts.push({ path: path.slice(this.#prefix.length), reason });
      }
    }
    return moves;
  }

  /** Lines for `git update-index --index-info` that make a task's commit out of the one before; deletions first, so that a file can become a folder. */
  async #changes(task: CommitTask): Promise<Buffer[]> {
    const entries = task.entries.filter((entry) => this.#isCommitted(entry));
    const blobs = new Map<string, string>();
    for (const entry of entries)
      if (entry.kind === 'file' && entry.blob !== undefined) blobs.set(entry.path, entry.blob);
    const stored = await this.#objects.storeAll(blobs);
    const deletions: Buffer[] = [];
    const settings: Buffer[] = [];
    for (const entry of entries) {
      const { path } = entry;
      const start = this.#results.has(path) ? this.#results.get(path)! : await this.#atStart(path);
      const result = await this.#result(entry, stored.get(path), start);
      this.#results.set(path, result);
      const full = this.#prefix + path;
      const prev = this.#tree.get(full) ?? null;
      const decided = await this.#decide(prev, start, result);
      if ('reason' in decided) this.conflicts.push({ path, reason: decided.reason });
      else if (!sameEntry(prev, decided.entry)) {
        if (decided.entry === null) this.#tree.delete(full);
        else this.#tree.set(full, decided.entry);
        (decided.entry === null ? deletions : settings).push(indexLine(full, decided.entry, this.#zero));
      }
    }
    return [...deletions, ...settings];
  }

  #decide(prev: GitEntry | null, start: GitEntry | null | undefined, result: GitEntry | null) {
    const scratch = join(this.run.scratch, String(this.#scratchCount++));
    return commitEntry({ objects: this.#objects, root: this.run.root, prev, start, result, scratch });
  }

  /** Folders are not git's business, nor are files that it ignores. */
  #isCommitted(entry: MergeEntry): boolean {
    if (this.skipped.has(entry.path)) return false;
    // A file that became a folder is deleted for git.
    if (entry.kind === 'directory') return this.#tree.has(this.#prefix + entry.path);
    return !(entry.kind === 'absent' && entry.was === 'directory');
  }

  async #atStart(path: string): Promise<GitEntry | null | undefined> {
    const { base } = this.run;
    const seen = await base.was(path);
    if (seen?.kind === 'symlink')
      return { mode: '120000', oid: await this.#objects.storeBytes(Buffer.from(encodePath(seen.target!))) };
    if (seen?.kind !== 'file') return seen ? null : seen;
    const mode = fileMode(seen.mode);
    const blob = base.blob(path);
    if (blob !== undefined) return { mode, oid: blob };
    const content = await base.content(path);
    return content === undefined ? undefined : { mode, oid: await this.#objects.store(path, content) };
  }

  async #result(
    entry: MergeEntry,
    stored: string | undefined,
    start: GitEntry | null | undefined,
  ): Promise<GitEntry | null> {
    switch (entry.kind) {
      case 'absent':
      case 'directory':
        return null;
      case 'symlink':
        return {
          mode: '120000',
          oid: await this.#objects.storeBytes(Buffer.from(encodePath(entry.target))),
        };
      case 'file': {
        const oid = stored ?? start?.oid;
        if (oid === undefined)
          throw new MergeError(`The content of ${JSON.stringify(entry.path)} is missing.`);
        return { mode: fileMode(entry.mode), oid };
      }
      default:
        return entry satisfies never;
    }
  }

  /** A submodule may be in the last commit or only be staged. */
  #checkSubmodules(paths: readonly string[], staged: ReadonlyMap<string, GitEntry>): void {
    const isSubmodule = (path: string) =>
      [this.#head, staged].some((entries) => entries.get(path)?.mode === '160000');
    for (const path of paths) {
      const full = this.#prefix + path;
      for (let cut = full.indexOf('/'); cut !== -1; cut = full.indexOf('/', cut + 1)) {
        if (!isSubmodule(full.slice(0, cut))) continue;
        this.conflicts.push({ path, reason: 'it lies in a submodule, whose commits forge does not make' });
        break;
      }
    }
  }

  async #listIndex(env: Record<string, string>): Promise<Map<string, GitEntry>> {
    return readIndex(await gitOk(this.run.root, ['ls-files', '-s', '-z', '--full-name'], { env }));
  }
}

function fileMode(mode: number): string {
  return (mode & 0o100) === 0 ? '100644' : '100755';
}

/** The commit message: one line, the goal, the trailers. Control characters (also in ids) become spaces. */
function message(task: CommitTask, run: string, goal: string | undefined): string {
  const line = (text: string) => text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const title = line(task.title ?? '') || `forge: ${task.id}`;
  const subject = title.length > 72 ? `${title.slice(0, 71)}…` : title;
  const body = goal && line(goal) !== '' ? `Goal: ${line(goal)}\n\n` : '';
  return `${subject}\n\n${body}Forge-Run: ${line(run)}\nForge-Task: ${line(task.id)}\n`;
}
