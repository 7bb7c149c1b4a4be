import { chmod, mkdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf, ForgeError, messageOf } from '../../util/errors.js';
import { writeSynced } from '../../util/files/content.js';
import type { SetupFile } from '../setup.js';

/**
 * Makes folders (parents first) and writes files in the root, all or none: everything is written and synced beside its
 * place first, then renamed into place in the order given; when something fails, what was done is undone. A file that is
 * replaced keeps its mode. @throws ForgeError (1) that says what could not be written
 */
export async function writeFiles(
  root: string,
  folders: readonly string[],
  writes: readonly SetupFile[],
): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  let at = '';
  try {
    for (const path of folders) {
      const folder = join(root, path);
      at = folder;
      await mkdir(folder);
      undo.push(() => rmdir(folder));
    }
    for (const { path, text, executable } of writes) {
      const file = join(root, path);
      at = file;
      undo.push(() => rm(stagingPath(file), { force: true }));
      await stage(file, text, executable ? 0o777 : 0o666);
    }
    for (const { path } of writes) {
      const file = join(root, path);
      at = file;
      const before = await readFile(file).catch(ignoreMissing);
      await rename(stagingPath(file), file);
      undo.push(() => (before ? replace(file, before) : rm(file)));
    }
  } catch (error) {
    // A step that cannot be undone must not keep the others from being undone.
    const failed: string[] = [];
    for (const step of undo.reverse()) await step().catch((problem) => failed.push(messageOf(problem)));
    const state = failed.length === 0 ? 'nothing was changed' : `undoing it failed too: ${failed.join('; ')}`;
    throw new ForgeError(`cannot write ${at}: ${messageOf(error)}; ${state}`);
  }
}

/** Where a file's new content is written first. Always the same, so that what a crash left is found and used up. */
export function stagingPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.forge-new`);
}

/** Writes a file's new content beside it, with the mode of the file that it is to replace, if there is one. */
async function stage(file: string, content: string | Buffer, mode: number): Promise<void> {
  const staged = stagingPath(file);
  await rm(staged, { force: true });
  await writeSynced(staged, content, 'wx', mode);
  const before = await stat(file).catch(ignoreMissing);
  if (before) await chmod(staged, before.mode & 0o7777);
}

async function replace(file: string, content: Buffer): Promise<void> {
  await stage(file, content, 0o666);
  await rename(stagingPath(file), file);
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
