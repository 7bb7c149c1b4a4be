import { lstatSync } from 'node:fs';
import { readlink, symlink } from 'node:fs/promises';
import { codeOf } from '../../util/errors.js';
import { isHash, syncPath, writeFileDurably } from '../../util/files/content.js';
import { recordPath } from '../../util/files/merge-record.js';
import { inodeOf, NOT_THERE, readRecord, whyNotOurFile } from '../../util/files/provenance.js';
import { removeFile } from '../../util/files/remove-tree.js';
import { type ProcessIdentity, parseProcessIdentity, thisProcess } from '../../util/process/identity.js';
import { MergeError } from '../merge-error.js';

/**
 * `.forge/merging` says that a merge is under way. First it is a symlink whose target is this record (`staging`); the
 * commit point is the durable rename of a file over it (`committed`). It holds no paths, only names below the run's
 * folder, and once committed the hash of the plan to carry out: a record can't lead anywhere else.
 */
export interface CommitRecord {
  state: 'staging' | 'committed';
  run: string;
  /** The merge folder in the run's folder: `merge`, or `merge.1` for a second merge of the run. */
  dir: string;
  process: ProcessIdentity;
  /** The merge folder's inode: a record that came in an archive or a copy names another. */
  ino: string;
  /** SHA-256 (hex) of the merge folder's `plan.json`. */
  plan?: string;
}

const RUN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/;
const DIR = /^merge(?:\.\d{1,6})?$/;
const INODE = /^\d{1,20}$/;

/** The absolute merge folder of a record. */
export function mergeFolder(root: string, { run, dir }: Pick<CommitRecord, 'run' | 'dir'>): string {
  return `${root}/.forge/runs/${run}/${dir}`;
}

/**
 * Begins a merge, whose folder is there, by its record. The caller holds the lock of the root.
 * @throws MergeError when a record is there already: an interrupted merge, or something that is none of forge's.
 */
export async function begin(root: string, run: string, dir: string): Promise<CommitRecord> {
  const ino = inodeOf(mergeFolder(root, { run, dir }));
  const record: CommitRecord = { state: 'staging', run, dir, ino, process: thisProcess() };
  try {
    await symlink(JSON.stringify({ v: 1, ...record }), recordPath(root));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new MergeError(
      `${recordPath(root)} says that another merge is under way or was interrupted. Run forge again; if that changes nothing, look at the file and remove it.`,
    );
  }
  return record;
}

/** The commit point: from here on the merge will be finished, by this process or by the next forge command. `plan` is the hash of the plan. */
export async function commit(root: string, record: CommitRecord, plan: string): Promise<void> {
  await writeFileDurably(recordPath(root), JSON.stringify({ v: 1, ...record, state: 'committed', plan }));
}

/** Takes the record away, durably: the merge is over. */
export async function clear(root: string): Promise<void> {
  removeFile(`${recordPath(root)}.new`);
  removeFile(recordPath(root));
  await syncPath(`${root}/.forge`);
}

/**
 * The record of an unfinished merge, or null. Costs one lstat where there is none.
 * @throws MergeError for something in its place that forge did not write, or that is damaged.
 */
export async function readCommitRecord(root: string): Promise<CommitRecord | null> {
  const path = recordPath(root);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (!stats.isSymbolicLink()) {
    const why = whyNotOurFile(path);
    // Cleared just now.
    if (why === NOT_THERE) return null;
    const record = why === undefined ? parse(readRecord(path)) : undefined;
    if (record?.state === 'committed' && record.plan !== undefined) return record;
    throw damaged(path, why ?? 'it is no record of a merge');
  }
  if (stats.uid !== process.geteuid?.()) throw damaged(path, `it belongs to another user (uid ${stats.uid})`);
  let record: CommitRecord | undefined;
  try {
    record = parse(JSON.parse(await readlink(path)) as object);
  } catch (error) {
    // The commit point came between looking and reading, or its target is no JSON.
    if (codeOf(error) === 'EINVAL' || codeOf(error) === 'ENOENT') return readCommitRecord(root);
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (record?.state === 'staging') return record;
  throw damaged(path, 'it is no record of a merge');
}

function parse(value: object | undefined): CommitRecord | undefined {
  const { v, state, run, dir, ino, process, plan } = (value ?? {}) as Record<string, unknown>;
  const identity = parseProcessIdentity(process);
  if (v !== 1 || identity === undefined || (state !== 'staging' && state !== 'committed')) return undefined;
  if (!isText(run, RUN) || !isText(dir, DIR) || !isText(ino, INODE)) return undefined;
  if (plan !== undefined && !isHash(plan)) return undefined;
  return { state, run, dir, ino, process: identity, plan };
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

function damaged(path: string, why: string): MergeError {
  return new MergeError(
    `${path} is damaged or not forge's (${why}), so nothing is done about it: look at the newest run in .forge/runs, then remove it.`,
  );
}
