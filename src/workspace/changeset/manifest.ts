import { lstatSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { forEachConcurrent } from '../../util/async/for-each-concurrent.js';
import { isHash, syncPath, writeFileDurably } from '../../util/files/content.js';
import { isSafeRelativePath } from '../../util/paths/path.js';
import { run } from '../../util/process/run-program.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import type { Changeset, ChangesetEntry } from './changeset.js';

/** The changes that each kind of entry can be. */
const CHANGES = new Map<unknown, readonly unknown[]>([
  ['file', ['created', 'modified', 'mode']],
  ['symlink', ['created', 'modified']],
  ['directory', ['created', 'mode']],
  ['absent', ['deleted']],
]);

/** From this many blobs on, one syncfs of the whole file system costs less than an fsync of each. */
const MANY = 64;

/** The path of the file in a changeset that holds the content with this hash. */
export function blobPath(dir: string, hash: string): string {
  return `${dir}/blobs/${hash}`;
}

/**
 * Writes `manifest.json` of a changeset so that after a crash of the machine it is there whole, with all its blobs,
 * or not at all. An empty changeset is written without waiting for the disk: there is nothing in it to lose.
 * @throws WorkspaceError where the disk refuses
 */
export async function saveManifest(changeset: Changeset): Promise<void> {
  const { dir, entries } = changeset;
  const path = `${dir}/manifest.json`;
  try {
    mkdirSync(dir, { recursive: true });
    if (entries.length === 0) {
      writeFileSync(`${path}.new`, [...textOf(entries)].join(''));
      return renameSync(`${path}.new`, path);
    }
    await syncBlobs(dir, entries);
    await writeFileDurably(path, textOf(entries));
  } catch (error) {
    throw workspaceFailure(error, `write ${path}`);
  }
}

/**
 * Reads a changeset back from its folder. Only regular files are looked at: what lies there may have been planted.
 * @throws WorkspaceError where it is missing, damaged or incomplete.
 */
export async function loadChangeset(dir: string): Promise<Changeset> {
  const path = `${dir}/manifest.json`;
  let parsed: unknown;
  try {
    if (!lstatSync(path).isFile()) throw new WorkspaceError(`${path} is not a regular file`);
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new WorkspaceError(`${path} is damaged: ${error.message}`);
    throw workspaceFailure(error, `read ${path}`);
  }
  if (!isRecord(parsed) || parsed.v !== 1 || !Array.isArray(parsed.entries))
    throw new WorkspaceError(`${path} is not a changeset that this version of forge can read`);
  const hasBlobs = lstatSync(`${dir}/blobs`, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const entries: ChangesetEntry[] = [];
  for (const [index, entry] of parsed.entries.entries()) {
    if (!isEntry(entry)) throw new WorkspaceError(`${path} is damaged: entry ${index + 1} makes no sense`);
    if (entry.kind === 'file') {
      const blob = hasBlobs ? lstatSync(blobPath(dir, entry.hash), { throwIfNoEntry: false }) : undefined;
      if (!blob?.isFile() || blob.size !== entry.size)
        throw new WorkspaceError(
          `${dir} is incomplete: the content of ${entry.path} is missing (blob ${entry.hash})`,
        );
    }
    entries.push(entry);
  }
  return { dir, entries };
}

async function syncBlobs(dir: string, entries: readonly ChangesetEntry[]): Promise<void> {
  const hashes = new Set<string>();
  for (const entry of entries) if (entry.kind === 'file') hashes.add(entry.hash);
  if (hashes.size === 0) return;
  if (hashes.size > MANY && (await run('sync', ['-f', dir])).ok) return;
  await forEachConcurrent(hashes, (hash) => syncPath(blobPath(dir, hash)));
  await syncPath(`${dir}/blobs`);
}

/** One entry a line: a person can read it, and no string ever holds the whole of a large one. */
function* textOf(entries: readonly ChangesetEntry[]): Generator<string> {
  yield '{"v":1,"entries":[\n';
  for (let at = 0; at < entries.length; at += 1000) {
    const lines = entries.slice(at, at + 1000).map((entry) => JSON.stringify(entry));
    yield lines.join(',\n') + (at + 1000 < entries.length ? ',\n' : '\n');
  }
  yield ']}\n';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A manifest may have been edited, so nothing in it is trusted to stay inside the tree and out of `.git` and `.forge`. */
function isEntry(value: unknown): value is ChangesetEntry {
  if (!isRecord(value) || !isSafeRelativePath(value.path)) return false;
  if (value.was !== undefined && (value.was === 'absent' || !CHANGES.has(value.was))) return false;
  const { kind, mode } = value;
  if (!CHANGES.get(kind)?.includes(value.change)) return false;
  if (kind === 'absent') return value.was !== undefined;
  if (kind === 'symlink') return typeof value.target === 'string';
  const isMode = typeof mode === 'number' && Number.isInteger(mode) && mode >= 0 && mode <= 0o7777;
  return isMode && (kind === 'directory' || (typeof value.size === 'number' && isHash(value.hash)));
}
