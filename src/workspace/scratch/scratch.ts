import { randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, hasCode, unlessOutOfReach } from '../../util/errors.js';
import { onceFilesCanBeOpened } from '../../util/files/file-handles.js';
import {
  assertRemovable,
  NotOursError,
  readRecord,
  whyNotMarked,
  whyNotOurFile,
  whyNotRemovable,
} from '../../util/files/provenance.js';
import { removeFile, removeTree } from '../../util/files/remove-tree.js';
import {
  livenessOf,
  type ProcessIdentity,
  parseProcessIdentity,
  thisProcess,
} from '../../util/process/identity.js';
import { workspaceFailure } from '../failure.js';
import { endProcessesOf } from '../sandbox/processes.js';
import { stateFolders } from './state-folder.js';

const OWNER = 'owner.json';
/** The name of a run or workspace (run id, task, try) and twelve random digits. */
const SCRATCH_NAME = /^([A-Za-z0-9._-]+)-[0-9a-f]{12}$/;

const HALF_MADE_MS = 10 * 60_000;

/**
 * Makes a folder in a state folder that says who made it. `name` goes into its name, and is the FORGE_ATTEMPT marker of
 * processes that end with it. @throws WorkspaceError
 */
export function makeScratch(stateFolder: string, name: string): string {
  const owner = JSON.stringify({ v: 1, process: thisProcess(), name });
  for (let tries = 1; ; tries += 1) {
    const dir = join(stateFolder, `${name}-${randomBytes(6).toString('hex')}`);
    try {
      mkdirSync(dir, { mode: 0o700 });
      writeFileSync(join(dir, OWNER), owner, { mode: 0o600 });
      return dir;
    } catch (error) {
      // Swept as unborn (see removeUnborn) between being made and being owned.
      if (hasCode(error, 'ENOENT', 'EEXIST') && tries < 10 && existsSync(stateFolder)) continue;
      throw workspaceFailure(error, `make the scratch folder ${dir}`);
    }
  }
}

/**
 * Removes a scratch folder, its owner file last: one that is half removed when forge is killed still says whose it was.
 *
 * @throws WorkspaceError, NotOursError for a folder that is not a real one of ours with a name that forge gives.
 */
export async function removeScratch(dir: string): Promise<void> {
  try {
    await onceFilesCanBeOpened(() => emptyAndRemove(dir));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT')
      throw error instanceof NotOursError ? error : workspaceFailure(error, `remove ${dir}`);
  }
}

async function emptyAndRemove(dir: string): Promise<void> {
  if (!existsSync(dir)) return;
  assertRemovable(dir, dirname(dir), SCRATCH_NAME);
  for (const name of readdirSync(dir)) if (name !== OWNER) await removeTree(join(dir, name));
  // At once: between the two it is nobody's.
  removeFile(join(dir, OWNER));
  rmdirSync(dir);
}

/** What a sweep of the state folders did. */
export interface Swept {
  removed: string[];
  /** What looks like forge's but says nothing of its owner, so that it is left where it is. */
  left: string[];
}

/**
 * Removes the scratch that dead runs left in the state folders, and ends processes of theirs that still live (where
 * no namespace ended them). Only in state folders with forge's mark, only real folders of this user that are named as
 * forge names them and whose owner file says the same name and a process that is certainly dead. One readdir a state
 * folder when there is nothing to do.
 *
 * @throws WorkspaceError where something can't be removed.
 */
export async function sweepScratch(): Promise<Swept> {
  const swept: Swept = { removed: [], left: [] };
  for (const folder of stateFolders()) {
    if (!existsSync(folder) || whyNotMarked(folder) !== undefined) continue;
    const real = realpathSync(folder);
    // Gone meanwhile, or unreadable: either way there is nothing here to remove.
    for (const name of unlessOutOfReach(() => readdirSync(real)) ?? []) {
      const dir = join(real, name);
      if (whyNotRemovable(dir, real, SCRATCH_NAME) !== undefined) continue;
      const owner = readOwner(dir);
      if (owner === undefined) {
        if (!removeUnborn(dir) && isOld(dir)) swept.left.push(dir);
        continue;
      }
      if (livenessOf(owner.process) !== 'dead') continue;
      await endProcessesOf(owner.name);
      await removeScratch(dir);
      swept.removed.push(dir);
    }
  }
  return swept;
}

/**
 * Removes a folder that nobody owns yet or any more, which a forge that was killed between two system calls leaves: one
 * with nothing in it but an empty owner file. A forge that lives and finds it gone makes another. Gives whether it is gone.
 */
function removeUnborn(dir: string): boolean {
  const owner = join(dir, OWNER);
  try {
    if (whyNotOurFile(owner) === undefined && lstatSync(owner).size === 0) removeFile(owner);
    rmdirSync(dir);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'EACCES', 'EPERM')) return false;
    throw workspaceFailure(error, `remove ${dir}`);
  }
}

/** A younger one may be in the making by a forge that lives. */
function isOld(dir: string): boolean {
  const stats = lstatSync(dir, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > HALF_MADE_MS;
}

/** Who a scratch folder says it is of, where that agrees with its name. */
function readOwner(dir: string): { process: ProcessIdentity; name: string } | undefined {
  const record = readRecord(join(dir, OWNER)) as
    | { v?: unknown; process?: unknown; name?: unknown }
    | undefined;
  const owner = parseProcessIdentity(record?.process);
  const [, name] = SCRATCH_NAME.exec(basename(dir)) ?? [];
  if (owner === undefined || record?.v !== 1 || name === undefined || record.name !== name) return undefined;
  return { process: owner, name };
}
