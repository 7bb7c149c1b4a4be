import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorCode, explain } from './failure.js';
import { isDead, type Owner, thisProcess } from './owner.js';
import { endProcessesOf } from './processes.js';
import { removeTree } from './remove-tree.js';
import { stateFolders } from './state-folder.js';

const OWNER = 'owner.json';
/** A scratch folder without a readable owner was left half made by a crash; younger ones may be in the making. */
const HALF_MADE_MS = 10 * 60_000;

/** A folder of one workspace, outside root, that says who made it. */
export interface Scratch {
  dir: string;
  /** ctime (ns) of its owner file, on the clock that file systems use: later changes have later ctimes. */
  madeNs: bigint;
}

/** Makes a scratch folder in a state folder. `name` goes into its name and is the FORGE_ATTEMPT marker of its processes. */
export function makeScratch(stateFolder: string, name: string): Scratch {
  const dir = join(stateFolder, `${name}-${randomBytes(6).toString('hex')}`);
  const owner = JSON.stringify({ ...thisProcess(), name });
  for (let tries = 1; ; tries += 1) {
    try {
      mkdirSync(dir, { mode: 0o700 });
      writeFileSync(join(dir, OWNER), owner);
      return { dir, madeNs: statSync(join(dir, OWNER), { bigint: true }).ctimeNs };
    } catch (error) {
      // Swept as unborn (see removeUnborn) between being made and being owned.
      if (errorCode(error) === 'ENOENT' && tries < 10 && existsSync(stateFolder)) continue;
      throw explain(error, `make the scratch folder ${dir}`);
    }
  }
}

/**
 * Removes a folder that nobody owns yet or any more, which a forge that was killed between two system calls leaves. A
 * forge that lives and finds it gone makes another.
 */
function removeUnborn(dir: string): void {
  if (!/-[0-9a-f]{12}$/.test(dir)) return;
  try {
    if (statSync(join(dir, OWNER), { throwIfNoEntry: false })?.size === 0) rmSync(join(dir, OWNER));
    rmdirSync(dir);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'ENOTDIR', 'EACCES', 'EPERM'].includes(errorCode(error) ?? ''))
      throw explain(error, `remove ${dir}`);
  }
}

/** Removes a scratch folder, its owner file last: one that is half removed when forge is killed still says whose it was. */
export async function removeScratch(dir: string): Promise<void> {
  for (const name of list(dir)) if (name !== OWNER) await removeTree(join(dir, name));
  try {
    // At once: between the two it is nobody's.
    rmSync(join(dir, OWNER), { force: true });
    rmdirSync(dir);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw explain(error, `remove ${dir}`);
  }
}

/**
 * Removes the scratch that dead runs left in the state folders, and ends processes of theirs that still live (where
 * no namespace ended them). Gives the folders removed. One readdir a state folder when there is nothing to do.
 */
export async function sweepScratch(): Promise<string[]> {
  const removed: string[] = [];
  for (const folder of stateFolders()) {
    for (const name of list(folder)) {
      const dir = join(folder, name);
      const owner = readOwner(dir);
      if (owner === undefined) removeUnborn(dir);
      if (owner === undefined ? !isOld(dir) : !isDead(owner)) continue;
      if (owner !== undefined) await endProcessesOf(owner.name);
      await removeScratch(dir);
      removed.push(dir);
    }
  }
  return removed;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // Never used, or somebody else's: either way none of our scratch is in it.
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(errorCode(error) ?? '')) return [];
    throw explain(error, `read ${folder}`);
  }
}

function readOwner(dir: string): (Owner & { name: string }) | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, OWNER), 'utf8')) as Owner & { name: string };
  } catch {
    // Half made, half removed or not a scratch folder: its age decides.
    return undefined;
  }
}

function isOld(dir: string): boolean {
  const stats = statSync(dir, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > HALF_MADE_MS;
}
