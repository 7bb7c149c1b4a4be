import { git } from '../../util/git/git.js';
import { decodeNames, encodeNames } from '../../util/paths/path.js';
import { MergeError } from '../merge-error.js';
import type { GitEntry, RefUpdate } from '../merge-plan.js';
import { fault } from '../transaction/fault.js';

const LOCK_TRIES = 50;

/**
 * Moves a ref from its old to its new commit and the index entries that go with it. Can be repeated. Gives undefined,
 * or the reason when the ref is neither at the old nor at the new commit. @throws MergeError, GitError
 */
export async function moveRef(root: string, update: RefUpdate): Promise<string | undefined> {
  const moved = await git(root, ['update-ref', '-m', update.message, update.ref, update.new, update.old]);
  if (moved.code !== 0) {
    const now = (await git(root, ['rev-parse', '-q', '--verify', update.ref])).stdout.toString().trim();
    if (now === update.old) throw new MergeError(`git could not move ${update.ref}: ${moved.stderr}`);
    if (now !== update.new && !(await isAncestor(root, update.new, now)))
      return `${update.ref} moved while forge was merging; the run's commits end in ${update.new} (git cherry-pick them, or git merge ${update.new})`;
  }
  fault('merge-ref-moved');
  const head = (await git(root, ['symbolic-ref', '-q', 'HEAD'])).stdout.toString().trim();
  if (head === update.ref && update.index.length > 0) await moveIndex(root, update);
  return undefined;
}

/** Whether the user has committed on top of it since forge was killed. */
async function isAncestor(root: string, commit: string, now: string): Promise<boolean> {
  return now !== '' && (await git(root, ['merge-base', '--is-ancestor', commit, now])).code === 0;
}

/** Sets index entries, each only if it still is what it was when the commit was made. Waits for another git that holds the index. */
async function moveIndex(root: string, update: RefUpdate): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const listed = await git(root, ['ls-files', '-s', '-z', '--full-name']);
    if (listed.code !== 0) throw new MergeError(`git could not read the index: ${listed.stderr}`);
    const now = readIndex(listed.stdout);
    const due = update.index.filter(({ path, from }) => sameEntry(now.get(path) ?? null, from));
    if (due.length === 0) return;
    const input = indexInfo(new Map(due.map(({ path, to }) => [path, to])), update.new.length);
    const done = await git(root, ['update-index', '-z', '--index-info'], { input });
    if (done.code === 0) {
      // Best effort: gives the new entries their stat data, so that plumbing sees them as clean. It reports entries
      // that differ by its exit code.
      await git(root, ['update-index', '-q', '--refresh']);
      return;
    }
    if (tries === LOCK_TRIES || !/index\.lock/.test(done.stderr))
      throw new MergeError(`git could not update the index of ${root}: ${done.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * What to tell `git update-index -z --index-info`; null removes a path. Removals come first, so that a file can become a
 * folder. `digits`: of the repository's object ids.
 */
export function indexInfo(changes: ReadonlyMap<string, GitEntry | null>, digits: number): Buffer {
  const removals = [...changes].filter(([, entry]) => entry === null);
  const settings = [...changes].filter(([, entry]) => entry !== null);
  const lines = [...removals, ...settings].flatMap(([path, entry]) => {
    const head = entry === null ? `0 ${'0'.repeat(digits)}` : `${entry.mode} ${entry.oid}`;
    return [Buffer.from(`${head}\t`), encodeNames([path])];
  });
  return Buffer.concat(lines);
}

/** Reads `git ls-files -s -z`: path to entry; unmerged paths (stage above 0) are left out. */
export function readIndex(stdout: Buffer): Map<string, GitEntry> {
  const entries = new Map<string, GitEntry>();
  for (const record of decodeNames(stdout)) {
    const tab = record.indexOf('\t');
    const [mode, oid, stage] = record.slice(0, tab).split(' ');
    if (stage === '0') entries.set(record.slice(tab + 1), { mode: mode!, oid: oid! });
  }
  return entries;
}

/** Whether two entries have the same mode and blob. */
export function sameEntry(a: GitEntry | null, b: GitEntry | null): boolean {
  return a?.mode === b?.mode && a?.oid === b?.oid;
}
