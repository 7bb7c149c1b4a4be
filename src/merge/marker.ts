import { lstat, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { syncPath, writeFileDurably } from '../journal/index.js';
import { codeOf, MergeError } from './merge-error.js';
import { isAlive, type Owner, thisProcess } from './owner.js';

/**
 * `.forge/merging` says that a merge is under way. First it is a symlink whose target is this record (made in one
 * step, so two merges can't both have it); the commit point is the durable rename of a file over it.
 */
export interface Marker {
  state: 'staging' | 'committed';
  run: string;
  /** The folder of plan and staged files, relative to root where it is inside. */
  dir: string;
  owner: Owner;
}

const markerPath = (root: string) => `${root}/.forge/merging`;
/** Roots that this very process is merging into; a marker of ours that is not here is left over from a failure. */
const active = new Set<string>();
const claimPath = (root: string, owner: Owner) =>
  `${root}/.forge/merging-after-${owner.pid}-${owner.started ?? 0}`;

/** Announces a merge. Throws a MergeError when another one is under way or was interrupted. */
export async function announce(root: string, run: string, dir: string): Promise<Marker> {
  const below = relative(root, dir);
  const inside = below !== '' && !below.startsWith('..') && !isAbsolute(below);
  const marker: Marker = {
    state: 'staging',
    run,
    dir: inside ? below : dir,
    owner: thisProcess(),
  };
  try {
    await symlink(JSON.stringify(marker), markerPath(root));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new MergeError(
      'Another merge into this working tree is under way. Run forge again when it is done.',
    );
  }
  active.add(root);
  return marker;
}

/** This process stops working on the merge, finished or not. */
export function letGo(root: string): void {
  active.delete(root);
}

/** The commit point: from here on the merge will be finished, by this process or by the next forge command. */
export async function commit(root: string, marker: Marker): Promise<void> {
  await writeFileDurably(markerPath(root), JSON.stringify({ ...marker, state: 'committed' }));
}

/** Ends the merge durably. */
export async function conclude(root: string, claims: readonly string[] = []): Promise<void> {
  await rm(`${markerPath(root)}.new`, { force: true });
  await rm(markerPath(root), { force: true });
  await syncPath(`${root}/.forge`);
  for (const claim of claims) await rm(claim, { force: true });
}

function parseMarker(text: string): Marker {
  const marker = JSON.parse(text) as Partial<Marker> | null;
  const { state, run, dir, owner } = marker ?? {};
  const known = state === 'staging' || state === 'committed';
  if (known && typeof run === 'string' && typeof dir === 'string' && typeof owner?.pid === 'number')
    return { state, run, dir, owner };
  throw new SyntaxError('not a marker');
}

/** The marker of an unfinished merge, or null. */
export async function readMarker(root: string): Promise<Marker | null> {
  const path = markerPath(root);
  try {
    const link = (await lstat(path)).isSymbolicLink();
    return parseMarker(link ? await readlink(path) : await readFile(path, 'utf8'));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return null;
    // The commit point came between looking and reading.
    if (code === 'EINVAL') return readMarker(root);
    throw new MergeError(
      `${path} is damaged, so an interrupted merge can't be finished: look at the newest run in .forge/runs, then remove it.`,
      { cause: error },
    );
  }
}

/**
 * Takes over an interrupted merge. Exactly one process gets it: each heir makes a symlink named after the process it
 * inherits from, and heirs of dead heirs go on from there. Waits up to `waitMs` while the owner is alive, then throws a MergeError; null when it finished.
 * Gives the marker and the claims to remove at the end.
 */
export async function takeOver(
  root: string,
  waitMs: number,
): Promise<{ marker: Marker; claims: string[] } | null> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const marker = await readMarker(root);
    if (marker === null) return null;
    const claims: string[] = [];
    let owner = marker.owner;
    while (!isAlive(owner) || isOurs(owner)) {
      if (isOurs(owner)) {
        if (active.has(root)) break;
        active.add(root);
        return { marker, claims };
      }
      const claim = claimPath(root, owner);
      claims.push(claim);
      try {
        await symlink(JSON.stringify(thisProcess()), claim);
        // The heir before may have finished and removed its claim just now.
        const still = await readMarker(root);
        if (
          still !== null &&
          still.owner.pid === marker.owner.pid &&
          still.owner.started === marker.owner.started
        ) {
          active.add(root);
          return { marker: still, claims };
        }
        await rm(claim, { force: true });
        return null;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
      const heir = await readlink(claim).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (heir === undefined) break;
      owner = JSON.parse(heir) as Owner;
    }
    if (Date.now() >= deadline) {
      throw new MergeError(
        `Another forge (process ${owner.pid}) is merging into this working tree. Run forge again when it is done.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isOurs(owner: Owner): boolean {
  const us = thisProcess();
  return owner.pid === us.pid && owner.started === us.started && owner.boot === us.boot;
}
