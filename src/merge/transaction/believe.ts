import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { forEachConcurrent } from '../../util/async/for-each-concurrent.js';
import { codeOf } from '../../util/errors.js';
import { hashBytes, hashFile, isHash } from '../../util/files/content.js';
import { lstatOrNull } from '../../util/files/file-state.js';
import { inodeOf, whyNotOurFile, whyNotOurFolder } from '../../util/files/provenance.js';
import { isTracked } from '../../util/git/git.js';
import { ancestorsOf, isSafeRelativePath } from '../../util/paths/path.js';
import { isSameProcess, livenessOf, thisProcess } from '../../util/process/identity.js';
import { MergeError } from '../merge-error.js';
import type { GitEntry, MergeJob, MergePlan, PlannedWrite, RefUpdate } from '../merge-plan.js';
import { type CommitRecord, mergeFolder } from './commit-record.js';
import { isStagingPlace, stagedPath } from './stage.js';

/** A merge plan of more than this (bytes) was not written by forge. */
const LARGEST_PLAN = 1024 * 1024 * 1024;
const OID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/**
 * Makes sure that the merge folder of a record is forge's own: a real folder of this user, below this root's
 * `.forge/runs`, in a `.forge` that no repository brought along. Gives its path.
 * @throws MergeError that names what is not believed, and why; nothing was touched
 */
export async function believeFolder(root: string, record: CommitRecord): Promise<string> {
  const dir = mergeFolder(root, record);
  const place = dir.slice(`${root}/`.length);
  for (const step of [...ancestorsOf(place), place]) {
    const why = whyNotOurFolder(`${root}/${step}`);
    if (why !== undefined) throw notBelieved(root, `${step}: ${why}`);
  }
  if (realpathSync(dir) !== mergeFolder(realpathSync(root), record))
    throw notBelieved(root, 'its folder lies elsewhere');
  if (inodeOf(dir) !== record.ino)
    throw notBelieved(root, 'its folder is not the one that forge made, but a copy or from an archive');
  if (await isTracked(root, '.forge'))
    throw notBelieved(root, 'git tracks .forge here: it came with the repository');
  return dir;
}

/**
 * The lock of the root says that nobody else is at work, but it may have been removed by hand: then that is somebody's
 * word for a merge of which nobody can tell from here, but not for one whose process lives.
 * @throws MergeError when the process that was merging lives
 */
export function refuseLiving({ process: owner }: CommitRecord): void {
  if (isSameProcess(owner, thisProcess()) || livenessOf(owner) !== 'alive') return;
  throw new MergeError(
    `Another forge (process ${owner.pid}) is merging into this working tree. Run forge again when it is done.`,
  );
}

/**
 * Reads the plan of a committed merge and makes sure that it is the one that was committed, that every path in it stays
 * inside root, and that the content to put in place is what it was. `dir` is what believeFolder gave. `isStaged` tells
 * whether that content is still there: it goes away, all at once, only when everything is in place.
 * @throws MergeError that names what is not believed; nothing was touched
 */
export async function believePlan(
  root: string,
  dir: string,
  record: CommitRecord,
): Promise<{ job: MergeJob; isStaged: boolean }> {
  const plan = readMergePlan(root, dir, record);
  const job = { root, run: record.run, dir, plan };
  if (!existsSync(`${dir}/new`)) {
    if (!plan.keepsPlaced || whyNotOurFolder(`${dir}/placed`) === undefined) return { job, isStaged: false };
    throw notBelieved(root, `${dir}/new, the content that was committed, is gone`);
  }
  const why = whyNotOurFolder(`${dir}/new`) ?? whyNotOurFolder(`${dir}/old`);
  if (why !== undefined) throw notBelieved(root, `${dir}/new or old: ${why}`);
  await forEachConcurrent(plan.writes, async (write) => {
    if (write.kind !== 'file') return;
    const at = stagedPath(job, write);
    const staged = lstatOrNull(at);
    if (staged?.kind === 'file' && (await hashFile(at)) === write.hash) return;
    // It was put in place, as another name of the same file, and edited there since by the user: what is in the tree by
    // now, whatever it is, is the user's.
    write.isPlaced = staged?.kind === 'file' && staged.ino === write.ino;
    const name = JSON.stringify(write.path);
    if (!write.isPlaced)
      throw notBelieved(root, `the content for ${name} is missing or is not what was committed`);
  });
  return { job, isStaged: true };
}

function readMergePlan(root: string, dir: string, record: CommitRecord): MergePlan {
  const file = `${dir}/plan.json`;
  const why = whyNotOurFile(file);
  if (why !== undefined) throw notBelieved(root, `${file}: ${why}`);
  let text: Buffer;
  let plan: unknown;
  try {
    text = readFileSync(file);
    plan = text.length > LARGEST_PLAN ? undefined : JSON.parse(text.toString('utf8'));
  } catch (error) {
    if (codeOf(error) !== undefined) throw error;
    throw notBelieved(root, `${file} is damaged`);
  }
  if (hashBytes(text) !== record.plan) throw notBelieved(root, `${file} is not the plan that was committed`);
  if (!isPlan(plan, record.run)) throw notBelieved(root, `${file} makes no sense`);
  return plan;
}

function isPlan(value: unknown, run: string): value is MergePlan {
  const plan = value as Partial<MergePlan> | null;
  if (typeof plan !== 'object' || plan === null || plan.v !== 1 || plan.run !== run) return false;
  if (!Array.isArray(plan.writes) || !plan.writes.every(isWrite)) return false;
  return plan.after === undefined || isRefUpdate(plan.after);
}

function isWrite(write: PlannedWrite | null, n: number): boolean {
  if (typeof write !== 'object' || write === null || write.n !== n) return false;
  if (!isSafeRelativePath(write.path) || !isStagingPlace(write.beside)) return false;
  switch (write.kind) {
    case 'file':
      return isMode(write.mode) && isHash(write.hash);
    case 'directory':
    case 'mode':
      return isMode(write.mode);
    case 'symlink':
      return typeof write.target === 'string';
    case 'absent':
      return true;
    default:
      return false;
  }
}

function isMode(mode: unknown): boolean {
  return typeof mode === 'number' && Number.isInteger(mode) && mode >= 0 && mode <= 0o7777;
}

function isRefUpdate({ ref, old, new: fresh, message, index }: Partial<RefUpdate>): boolean {
  const isEntry = (entry: GitEntry | null | undefined) =>
    entry === null || (/^1[02]0[0-7]{3}$/.test(String(entry?.mode)) && OID.test(String(entry?.oid)));
  return (
    typeof ref === 'string' &&
    /^refs\/[^\0\n]+$/.test(ref) &&
    OID.test(String(old)) &&
    OID.test(String(fresh)) &&
    typeof message === 'string' &&
    Array.isArray(index) &&
    index.every((move) => isSafeRelativePath(move?.path) && isEntry(move.from) && isEntry(move.to))
  );
}

function notBelieved(root: string, why: string): MergeError {
  return new MergeError(
    `${root}/.forge/merging is not believed (${why}), so nothing is done about it: if a merge of yours was interrupted, remove .forge/merging, and \`forge merge\` does it again (what it had replaced is kept in its run's folder).`,
  );
}
