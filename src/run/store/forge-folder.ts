import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ForgeError, hasCode, isMade, reasonOf } from '../../util/errors.js';
import { whyNotOurFolder } from '../../util/files/provenance.js';
import { isTracked } from '../../util/git/git.js';

/** Where forge keeps everything about a working tree. */
export const forgeFolder = (root: string) => join(root, '.forge');

/** Whether there is anything called `.forge/runs` in a folder, whoever made it; one that is closed to us may well have it. */
export function hasForgeFolder(root: string): boolean {
  try {
    return lstatSync(join(forgeFolder(root), 'runs'), { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    // `.forge` is a file, or a link that leads nowhere.
    if (hasCode(error, 'ENOTDIR', 'ELOOP')) return false;
    if (hasCode(error, 'EACCES')) return true;
    throw error;
  }
}

/**
 * Makes sure that what is in a root's `.forge` may be read as forge's own: real folders of this user. What is not there
 * is fine. That git does not track it is asked separately (see trustToAct): it costs a process.
 * @throws ForgeError (1) that names it and says why; nothing in it was believed or touched.
 */
export function trustToRead(root: string): void {
  for (const folder of [forgeFolder(root), join(forgeFolder(root), 'runs')]) {
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return;
    const why = whyNotOurFolder(folder);
    if (why !== undefined) throw distrusted(folder, why);
  }
}

/** As trustToRead, and that git tracks nothing of it: what came with a repository was not made here. @throws ForgeError (1) */
export async function trustToAct(root: string): Promise<void> {
  trustToRead(root);
  if (!existsSync(forgeFolder(root))) return;
  if (await isTracked(root, '.forge'))
    throw distrusted(
      forgeFolder(root),
      'git tracks it here, so it came with the repository; `git rm -r --cached .forge` if it is yours',
    );
}

/**
 * Makes a root's `.forge`, for this user alone and ignored by git, or makes sure that the one that is there is ours.
 * @throws ForgeError (1) for one that is not, and where it can't be made.
 */
export async function makeForgeFolder(root: string): Promise<void> {
  await trustToAct(root);
  const forge = forgeFolder(root);
  try {
    // Another forge may be making them, too.
    isMade(() => mkdirSync(forge, { mode: 0o700 }));
    trustToRead(root);
    isMade(() => mkdirSync(join(forge, 'runs'), { mode: 0o700 }));
    const text = '# forge keeps runs here; `forge clean` empties it.\n*\n';
    isMade(() => writeFileSync(join(forge, '.gitignore'), text, { flag: 'wx' }));
    // Somebody may have put one there between looking and making.
    trustToRead(root);
  } catch (error) {
    if (error instanceof ForgeError) throw error;
    throw new ForgeError(`cannot make ${forge}: ${reasonOf(error, CLOSED)}`);
  }
}

const WE_NEED = 'permission denied; forge keeps its runs there, so it needs to write to the working tree';
const CLOSED = { EACCES: WE_NEED, EPERM: WE_NEED };

function distrusted(folder: string, why: string): ForgeError {
  return new ForgeError(
    `${folder} is not believed: ${why}. Nothing in it was read or changed; remove it if it is not yours, or work in a folder of your own`,
  );
}
