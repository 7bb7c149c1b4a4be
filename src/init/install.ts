import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { standingOf } from './compare.js';
import { checkPlaces, look } from './placement.js';
import { hashOf, type InstallRecord, RECORD_FILE, readRecord, recordText } from './record.js';
import { PLAN_FILE, type SetupFile } from './setup-files.js';
import { type FileWrite, writeFiles } from './write-files.js';

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
 * Takes the root (a real path) and the files that should be there; gives what has to be done to each. Throws
 * ForgeError (1) when a folder on the way is no folder, leads out of the project or can't be written.
 */
export async function planInstallation(root: string, files: readonly SetupFile[]): Promise<Installation> {
  await checkFolders(root, []);
  const record = await readRecord(root);
  const actions: FileAction[] = [];
  for (const file of files) actions.push(await actionFor(root, file, record));
  await checkFolders(
    root,
    actions.filter(({ action }) => action === 'create' || action === 'update').map(({ path }) => path),
  );
  return { root, files, actions, record };
}

/** With no paths only the shape of `.factory` is looked at, so that a set-up, read-only project has nothing to complain of. */
async function checkFolders(root: string, paths: readonly string[]): Promise<void> {
  if (paths.length > 0) await checkPlaces(root, [...paths, RECORD_FILE]);
  else if ((await look(join(root, '.factory')))?.isDirectory() === false)
    await checkPlaces(root, [RECORD_FILE]);
}

async function actionFor(root: string, file: SetupFile, record: InstallRecord): Promise<FileAction> {
  const { path } = file;
  const other = path.replace(/\.yaml$/, '.yml');
  if (path === PLAN_FILE && existsSync(join(root, other)) && !existsSync(join(root, path)))
    return { path, action: 'keep', reason: `there is ${other}, which it would hide` };
  const standing = await standingOf(root, path, record, file.text);
  switch (standing.state) {
    case 'missing':
      return { path, action: 'create' };
    case 'same':
      return { path, action: 'unchanged' };
    case 'ours':
      return { path, action: hashOf(standing.text) === hashOf(file.text) ? 'unchanged' : 'update' };
    case 'foreign':
      if (standing.kind === 'file') return { path, action: 'changed' };
      return {
        path,
        action: 'keep',
        reason: standing.kind === 'link' ? 'it is a symbolic link' : 'it is a folder',
      };
    default:
      return standing satisfies never;
  }
}

/** Does what was planned; a file that is still `changed` is kept. All of it or nothing. Throws ForgeError (1). */
export async function install({ root, files, actions, record }: Installation): Promise<void> {
  const chosen = new Set(
    actions
      .filter(({ action }) => ['create', 'update', 'overwrite'].includes(action))
      .map(({ path }) => path),
  );
  if (chosen.size === 0) return;
  const writes = files.filter(({ path }) => chosen.has(path));
  const folders = missingFolders(root, [...chosen, RECORD_FILE]);
  const kept = Object.fromEntries(
    writes.map(({ path, text }) => {
      const hash = hashOf(text);
      const earlier = Object.hasOwn(record.files, path) ? record.files[path]! : [];
      return [path, [hash, ...earlier.filter((other) => other !== hash)]];
    }),
  );
  const next: InstallRecord = {
    version: 1,
    files: { ...record.files, ...kept },
    folders: [...record.folders, ...folders.filter((folder) => !record.folders.includes(folder))],
  };
  // The record comes first: after a crash it knows everything that may be there, and what is missing is made again.
  const recordWrite: FileWrite = { path: RECORD_FILE, text: recordText(next) };
  await writeFiles(root, folders, [recordWrite, ...writes]);
}

function missingFolders(root: string, paths: readonly string[]): string[] {
  const missing = new Set<string>();
  for (const path of paths) {
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder))
      if (!existsSync(join(root, folder))) missing.add(folder);
  }
  // A folder's name is longer than its parents'.
  return [...missing].sort((a, b) => a.length - b.length);
}
