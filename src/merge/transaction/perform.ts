import { rmdir } from 'node:fs/promises';
import { eachBounded } from '../../util/async/each-bounded.js';
import { codeOf } from '../../util/errors/system-error.js';
import { nameOf, parentOf } from '../../util/paths/relative-path.js';
import { look } from '../base/seen.js';
import { FINISHES_LATER, mergeFailure } from '../merge-error.js';
import { displace } from './displace.js';
import { ensureFolder } from './ensure-folder.js';
import { fault } from './fault.js';
import { type Folder, NotAFolderError, openFolder } from './folder.js';
import type { MergePlan, PlannedWrite } from './merge-plan.js';
import { place } from './place.js';
import { byFolder } from './preflight.js';
import { setMode } from './set-mode.js';

/** What `perform` works on. */
export interface Performance {
  root: string;
  /** The merge folder: `new/`, `old/`, `plan.json`. */
  dir: string;
  plan: MergePlan;
}

/**
 * Makes the working tree what the plan says. Every step can be repeated, so calling it again after a crash at any
 * point ends in the same tree. Whatever is in the way is moved to `old/`, never overwritten: rename takes away exactly
 * what is there at that instant, and linking the new file never replaces anything, so an edit that is saved between
 * the two is found and moved aside too. Throws a MergeError that says the merge will be finished later.
 */
export async function perform(job: Performance): Promise<void> {
  const { root, plan } = job;
  const writes = plan.writes;
  const depth = (write: PlannedWrite) => write.path.split('/').length;
  const deepestFirst = (a: PlannedWrite, b: PlannedWrite) => depth(b) - depth(a);

  const removed = writes.filter((w) => w.kind === 'absent' && w.expected?.kind !== 'directory');
  const replaced = writes.filter((w) => w.kind === 'directory' && w.expected !== null);
  await inFolders(root, [...removed, ...replaced], async (folder, write) => {
    // Moved away already; what is there now was put there by the user after a crash.
    if (write.kind === 'absent' && (await isMovedAside(job.dir, write))) return;
    const at = folder.at(nameOf(write.path));
    if (write.kind === 'directory' && (await look(at))?.kind === 'directory') return;
    await displace(job, folder, write);
    fault('merge-deleted');
  });

  const folders = writes.filter((w) => w.kind === 'absent' && w.expected?.kind === 'directory');
  for (const write of folders.sort(deepestFirst)) {
    await inFolders(root, [write], removeIfEmpty);
    fault('merge-deleted');
  }

  const created = writes.filter((w) => w.kind === 'directory').sort((a, b) => depth(a) - depth(b));
  for (const write of created) {
    await explained(write.path, () => ensureFolder(job, write.path, write.n));
    fault('merge-folder');
  }

  const placed = writes.filter((w) => w.kind === 'file' || w.kind === 'symlink');
  for (const [folder, items] of byFolder(placed))
    await explained(folder, () => ensureFolder(job, folder, items[0]!.n));
  await inFolders(root, placed, async (folder, write) => {
    await place(job, folder, write);
    fault('merge-renamed');
  });

  // Folders last and deepest first: one without write permission would keep its own content from being placed.
  await inFolders(
    root,
    writes.filter((w) => w.kind === 'mode' && w.expected?.kind !== 'directory'),
    setMode,
  );
  const modes = writes.filter(
    (w) => w.kind === 'directory' || (w.kind === 'mode' && w.expected?.kind === 'directory'),
  );
  for (const write of modes.sort(deepestFirst)) {
    await inFolders(root, [write], setMode);
    fault('merge-mode');
  }
  await syncFolders(root, writes);
}

/** From another device it was copied, under another name (see displace). */
async function isMovedAside(dir: string, { n }: PlannedWrite): Promise<boolean> {
  return (await look(`${dir}/old/${n}`)) !== null || (await look(`${dir}/old/${n}.same`)) !== null;
}

/** Does something for each write, with its folder open; writes in folders that are gone have nothing left to do. */
async function inFolders(
  root: string,
  writes: readonly PlannedWrite[],
  work: (folder: Folder, write: PlannedWrite) => Promise<void>,
): Promise<void> {
  await eachBounded(byFolder(writes), async ([path, items]) => {
    let folder: Folder;
    try {
      folder = await openFolder(root, path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || error instanceof NotAFolderError) return;
      throw mergeFailure('open the folder', path, error, FINISHES_LATER);
    }
    try {
      // Within a folder the kernel takes turns anyway.
      for (const write of items) await explained(write.path, () => work(folder, write));
    } finally {
      await folder.close();
    }
  });
}

async function explained(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw mergeFailure('merge', path, error, FINISHES_LATER);
  }
}

async function removeIfEmpty(folder: Folder, write: PlannedWrite): Promise<void> {
  try {
    await rmdir(folder.at(nameOf(write.path)));
  } catch (error) {
    const code = codeOf(error);
    // Not empty: it holds something that is not the run's; gone or replaced: nothing to do.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
}

async function syncFolders(root: string, writes: readonly PlannedWrite[]): Promise<void> {
  const paths = new Set(writes.map((write) => parentOf(write.path)));
  for (const write of writes) if (write.kind === 'directory') paths.add(write.path);
  // A folder that was made on the way has its own entry to keep.
  for (const path of [...paths]) for (let p = path; p !== ''; p = parentOf(p)) paths.add(parentOf(p));
  await eachBounded(paths, async (path) => {
    try {
      const folder = await openFolder(root, path);
      await folder.sync().finally(() => folder.close());
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || error instanceof NotAFolderError) return;
      throw mergeFailure('sync the folder', path, error, FINISHES_LATER);
    }
  });
}
