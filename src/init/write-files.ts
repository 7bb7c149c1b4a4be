import { chmod, mkdir, open, readFile, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ForgeError } from '../util/errors/forge-error.js';

/** A file to write, whole. */
export interface FileWrite {
  path: string;
  text: string | Buffer;
  executable?: boolean;
}

/**
 * Makes folders (parents first) and writes files in the root, all or none: everything is written and synced beside its
 * place first, then renamed into place in the order given; when something fails, what was done is undone. A file that is
 * replaced keeps its mode. Throws ForgeError (1) that says what could not be written.
 */
export async function writeFiles(
  root: string,
  folders: readonly string[],
  writes: readonly FileWrite[],
): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  let at = '';
  try {
    for (const folder of folders) {
      at = join(root, folder);
      await mkdir(at);
      undo.push(() => rmdir(join(root, folder)));
    }
    const staged: { from: string; to: string }[] = [];
    for (const write of writes) {
      at = join(root, write.path);
      const from = stagingPath(at);
      await removeIfThere(from);
      undo.push(() => removeIfThere(from));
      await stage(from, at, write);
      staged.push({ from, to: at });
    }
    for (const { from, to } of staged) {
      at = to;
      const before = await contentOf(to);
      await rename(from, to);
      undo.push(() => (before === undefined ? unlink(to) : restore(from, to, before)));
    }
  } catch (error) {
    // A step that cannot be undone must not keep the others from being undone.
    const failed: string[] = [];
    for (const step of undo.reverse()) await step().catch((problem: Error) => failed.push(problem.message));
    const state = failed.length === 0 ? 'nothing was changed' : `undoing it failed too: ${failed.join('; ')}`;
    throw new ForgeError(`cannot write ${at}: ${(error as Error).message}; ${state}`);
  }
}

/** Where a file's new content is written first. Always the same, so that what a crash left is found and used up. */
export function stagingPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.forge-new`);
}

async function stage(from: string, to: string, { text, executable }: FileWrite): Promise<void> {
  const handle = await open(from, 'wx', executable ? 0o777 : 0o666);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const before = await stat(to).catch(ignoreMissing);
  if (before) await chmod(from, before.mode & 0o7777);
}

async function restore(from: string, to: string, content: Buffer): Promise<void> {
  await stage(from, to, { path: to, text: content });
  await rename(from, to);
}

async function contentOf(path: string): Promise<Buffer | undefined> {
  return (await readFile(path).catch(ignoreMissing)) ?? undefined;
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch(ignoreMissing);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
