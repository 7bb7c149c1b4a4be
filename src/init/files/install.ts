import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashText } from '../../util/files/content.js';
import { foldersAbove } from '../../util/paths/path.js';
import { PLAN_FILE, type SetupFile } from '../setup.js';
import { checkWritable } from './check-writable.js';
import { fileStatus } from './file-status.js';
import { type InstallRecord, RECORD_FILE, readRecord, recordText } from './record.js';
import { writeFiles } from './write-files.js';

/** What happens to one file. */
export interface FileAction {
  path: string;
  /** `changed`: somebody's own, and it is not decided yet whether to overwrite it. */
  action: 'create' | 'update' | 'unchanged' | 'changed' | 'overwrite' | 'keep';
  /** Why a file is kept whatever is said. */
  reason?: string;
}

/** An installation that was thought through but not done. */
export interface Installation {
  root: string;
  files: readonly SetupFile[];
  actions: FileAction[];
  record: InstallRecord;
}

/**
 * What has to be done to each of the files that should be in `root`, a real path. @throws ForgeError (1) when a folder on
 * the way is no folder, leads out of the project or can't be written
 */
export async function planInstallation(root: string, files: readonly SetupFile[]): Promise<Installation> {
  await checkWritable(root, []);
  const record = await readRecord(root);
  const actions: FileAction[] = [];
  for (const file of files) actions.push(await actionFor(root, file, record));
  const written = actions.filter(({ action }) => action === 'create' || action === 'update');
  await checkWritable(
    root,
    written.map(({ path }) => path),
  );
  return { root, files, actions, record };
}

async function actionFor(root: string, file: SetupFile, record: InstallRecord): Promise<FileAction> {
  const { path } = file;
  const other = path.replace(/\.yaml$/, '.yml');
  if (path === PLAN_FILE && existsSync(join(root, other)) && !existsSync(join(root, path)))
    return { path, action: 'keep', reason: `there is ${other}, which it would hide` };
  const { kind, hash, isOurs } = await fileStatus(root, path, record);
  if (kind === 'missing') return { path, action: 'create' };
  if (kind !== 'file')
    return { path, action: 'keep', reason: `it is a ${kind === 'link' ? 'symbolic link' : 'folder'}` };
  if (hash === hashText(file.text)) return { path, action: 'unchanged' };
  return { path, action: isOurs ? 'update' : 'changed' };
}

/** Does what was planned, all of it or nothing; a file that is still `changed` is kept. @throws ForgeError (1) */
export async function install({ root, files, actions, record }: Installation): Promise<void> {
  const isWritten = new Set(
    actions.flatMap(({ action, path }) => (['create', 'update', 'overwrite'].includes(action) ? [path] : [])),
  );
  const writes = files.filter(({ path }) => isWritten.has(path));
  if (writes.length === 0) return;
  const known = writes.map(({ path, text }) => {
    const earlier = Object.hasOwn(record.files, path) ? record.files[path]! : [];
    return [path, [...new Set([hashText(text), ...earlier])]];
  });
  // A folder's name is longer than its parents'.
  const folders = [...foldersAbove([...isWritten, RECORD_FILE])]
    .filter((folder) => !existsSync(join(root, folder)))
    .sort((a, b) => a.length - b.length);
  const text = recordText({
    version: 1,
    files: { ...record.files, ...Object.fromEntries(known) },
    folders: [...new Set([...record.folders, ...folders])],
  });
  // The record comes first: after a crash it knows everything that may be there, and what is missing is made again.
  await writeFiles(root, folders, [{ path: RECORD_FILE, text, executable: false }, ...writes]);
}
