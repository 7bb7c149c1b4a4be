import { join } from 'node:path';
import type { FileState } from '../../util/files/file-state.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { git, gitIgnored, gitOk, gitText, repositoryPrefix } from '../../util/git/git.js';
import { ancestorsOf, encodePath, isSafeRelativePath } from '../../util/paths/path.js';
import { type ComposedEntry, makeTemporary } from '../../workspace/index.js';
import type { Base } from '../base/base.js';
import { MergeError } from '../merge-error.js';
import type { Conflict, GitEntry, RefUpdate } from '../merge-plan.js';
import { fault } from '../transaction/fault.js';
import { commitEntry } from './commit-entry.js';
import { CommitTargetError, checkCommitTarget } from './commit-target.js';
import { convertedPaths, GitObjects } from './git-objects.js';
import { indexInfo, readIndex, sameEntry } from './ref-update.js';

/** One task's part of a run. `title` becomes the first line of its commit. */
export interface CommitTask {
  id: string;
  title?: string;
  entries: readonly ComposedEntry[];
}

/** What building commits gave. */
export type Committed =
  | {
      ok: true;
      ref: string;
      /** Where the ref points (`--branch`) or will point once `after` is done (`--commit`). */
      commit: string;
      /** Paths left out because git ignores them. */
      skipped: string[];
      /** `--commit` only: for `writeMerge`. */
      after?: RefUpdate;
    }
  | { ok: false; conflicts: Conflict[] };

/** What a run's commits are made of, and the new branch to put them on, if any. */
interface CommitOptions {
  root: string;
  runId: string;
  branch?: string;
  tasks: readonly CommitTask[];
  base: Base;
  goal?: string;
  /** Called right before a new branch is made; what it throws stops that. */
  lastCheck?: () => void;
}

/**
 * Makes one commit per task, in the order given (a task after those it builds on), without touching the working
 * tree, the index or any hook. What each commit changes is the task's own change: edits of the user's that were not
 * committed stay out where they can be separated. With `branch`, creates that branch; without, gives in `after` how
 * the current branch and index are to move when the working tree has been written. Tasks without changes make no commit.
 * @throws CommitTargetError (see `checkCommitTarget`), GitError when git fails otherwise
 */
export async function commitRun(options: CommitOptions): Promise<Committed> {
  const { root, branch } = options;
  const made = branch === undefined ? undefined : await branchMadeBefore(root, branch, options.runId);
  if (made !== undefined) return made;
  const target = await checkCommitTarget(root, branch);
  const scratch = makeTemporary('commit');
  try {
    const builder = await CommitBuilder.start({ ...options, head: target.head, scratch });
    const commit = await builder.build();
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
      return { ok: true, ref: target.ref, commit, skipped };
    }
    const index = await builder.indexMoves();
    if (builder.conflicts.length > 0) return { ok: false, conflicts: builder.conflicts };
    const after: RefUpdate = { ref: target.ref, old: target.head, new: commit, message, index };
    const isMoved = commit !== target.head;
    return { ok: true, ref: target.ref, commit, skipped, after: isMoved ? after : undefined };
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
  return { ok: true, ref, commit, skipped: [] };
}

/** With the commit to start from and a folder for small files. */
type CommitJob = CommitOptions & { head: string; scratch: string };

type Entries = Map<string, GitEntry>;

class CommitBuilder {
  readonly conflicts: Conflict[] = [];
  /** What the commits so far have, and what the tasks so far left behind, by path relative to root. */
  readonly #tree: Map<string, GitEntry | null>;
  readonly #results = new Map<string, GitEntry | null>();
  #scratchCount = 0;

  private constructor(
    private readonly job: CommitJob,
    /** The index in which the commits are made; the user's own stays as it is. */
    private readonly env: { GIT_INDEX_FILE: string },
    private readonly objects: GitObjects,
    /** The path of root in the repository: '' or ending in `/`. */
    private readonly prefix: string,
    private readonly head: Entries,
    /** Paths that git ignores. */
    readonly skipped: ReadonlySet<string>,
  ) {
    this.#tree = new Map(head);
  }

  static async start(job: CommitJob): Promise<CommitBuilder> {
    const { root, head, tasks } = job;
    const paths = [...new Set(tasks.flatMap((task) => task.entries.map((entry) => entry.path)))];
    for (const path of paths)
      if (!isSafeRelativePath(path))
        throw new MergeError(`A changeset names ${JSON.stringify(path)}, which forge never commits.`);
    const objects = new GitObjects(root, await convertedPaths(root, paths));
    const prefix = (await repositoryPrefix(root)) ?? '';
    const env = { GIT_INDEX_FILE: join(job.scratch, 'index') };
    await gitOk(root, ['read-tree', head], { env });
    const entries = await listIndex(root, env);
    const builder = new CommitBuilder(job, env, objects, prefix, entries, await gitIgnored(root, paths));
    builder.#checkSubmodules(paths, await listIndex(root));
    return builder;
  }

  /** Makes the commits, and gives the last. */
  async build(): Promise<string> {
    const { root, head, tasks, runId, goal } = this.job;
    let commit = head;
    let tree = await gitText(root, ['rev-parse', `${head}^{tree}`]);
    if (this.conflicts.length > 0) return commit;
    for (const task of tasks) {
      const changes = await this.#changes(task);
      if (changes.size === 0 || this.conflicts.length > 0) continue;
      const input = indexInfo(changes, head.length);
      await gitOk(root, ['update-index', '-z', '--index-info'], { input, env: this.env });
      const next = await gitText(root, ['write-tree'], { env: this.env });
      if (next === tree) continue;
      tree = next;
      const args = ['commit-tree', tree, '-p', commit, '-F', '-'];
      commit = await gitText(root, args, { input: message(task, runId, goal) });
    }
    return commit;
  }

  /** How the user's index moves from the old commit to the new one; what is staged there is merged three-way. */
  async indexMoves(): Promise<RefUpdate['index']> {
    const after = await listIndex(this.job.root, this.env);
    const now = await listIndex(this.job.root);
    const moves: RefUpdate['index'] = [];
    for (const path of new Set([...this.head.keys(), ...after.keys()])) {
      const at = (entries: Entries) => entries.get(path) ?? null;
      const [start, result, staged] = [at(this.head), at(after), at(now)];
      if (sameEntry(start, result) || sameEntry(staged, result)) continue;
      const decided = await this.#decideStaged(staged, start, result);
      if ('entry' in decided) moves.push({ path, from: staged, to: decided.entry });
      else {
        const reason = `it has staged changes that can't be kept apart from the run's (${decided.reason}): commit or unstage them first`;
        this.conflicts.push({ path: path.slice(this.prefix.length), reason });
      }
    }
    return moves;
  }

  async #decideStaged(staged: GitEntry | null, start: GitEntry | null, result: GitEntry | null) {
    if (staged === null && start !== null) return { reason: 'its deletion is staged' };
    if (result === null && !sameEntry(staged, start)) return { reason: 'the run deletes it' };
    return this.#decide(staged, start, result);
  }

  /** What makes a task's commit out of the one before; null = the path goes. */
  async #changes(task: CommitTask): Promise<Map<string, GitEntry | null>> {
    const entries = task.entries.filter((entry) => this.#isCommitted(entry));
    const stored = await this.objects.storeAll(entries.filter((entry) => entry.kind === 'file'));
    const changes = new Map<string, GitEntry | null>();
    for (const entry of entries) {
      const { path } = entry;
      const start = this.#results.has(path) ? this.#results.get(path)! : await this.#atStart(path);
      const result = await this.#result(entry, stored.get(path));
      this.#results.set(path, result);
      const full = this.prefix + path;
      const prev = this.#tree.get(full) ?? null;
      const decided = await this.#decide(prev, start, result);
      if ('reason' in decided) this.conflicts.push({ path, reason: decided.reason });
      else if (!sameEntry(prev, decided.entry)) {
        this.#tree.set(full, decided.entry);
        changes.set(full, decided.entry);
      }
    }
    return changes;
  }

  #decide(prev: GitEntry | null, start: GitEntry | null | undefined, result: GitEntry | null) {
    const scratch = join(this.job.scratch, String(this.#scratchCount++));
    return commitEntry(this.objects, scratch, prev, start, result);
  }

  /** Folders are not git's business, nor are files that it ignores. */
  #isCommitted(entry: ComposedEntry): boolean {
    if (this.skipped.has(entry.path)) return false;
    // A file that became a folder is deleted for git.
    if (entry.kind === 'directory') return Boolean(this.#tree.get(this.prefix + entry.path));
    return !(entry.kind === 'absent' && entry.was === 'directory');
  }

  async #atStart(path: string): Promise<GitEntry | null | undefined> {
    const { base } = this.job;
    const was = base.was(path);
    if (was?.kind === 'symlink') return this.#link(was.target ?? '');
    if (was?.kind !== 'file') return was ? null : was;
    const mode = fileMode(was);
    const blob = base.blob(path);
    if (blob !== undefined) return { mode, oid: blob };
    const content = await base.content(path);
    return content === undefined
      ? undefined
      : { mode, oid: await this.objects.store({ from: content }, path) };
  }

  /** `stored` is the blob of a file. */
  async #result(entry: ComposedEntry, stored: string | undefined): Promise<GitEntry | null> {
    if (entry.kind === 'symlink') return this.#link(entry.target);
    return entry.kind === 'file' ? { mode: fileMode(entry), oid: stored! } : null;
  }

  async #link(target: string): Promise<GitEntry> {
    return { mode: '120000', oid: await this.objects.store({ input: Buffer.from(encodePath(target)) }) };
  }

  /** A submodule may be in the last commit or only be staged. */
  #checkSubmodules(paths: readonly string[], staged: Entries): void {
    const isSubmodule = (path: string) =>
      [this.head, staged].some((entries) => entries.get(path)?.mode === '160000');
    const reason = 'it lies in a submodule, whose commits forge does not make';
    for (const path of paths)
      if (ancestorsOf(this.prefix + path).some(isSubmodule)) this.conflicts.push({ path, reason });
  }
}

async function listIndex(root: string, env: Record<string, string> = {}): Promise<Entries> {
  return readIndex(await gitOk(root, ['ls-files', '-s', '-z', '--full-name'], { env }));
}

function fileMode({ mode }: Pick<FileState, 'mode'>): string {
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
