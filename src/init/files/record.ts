import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, ForgeError } from '../../util/errors.js';
import { isSafeRelativePath } from '../../util/paths/path.js';

/** Where init keeps what it installed, relative to the root. */
export const RECORD_FILE = '.factory/forge.json';

/** What `forge init` has put into a project. */
export interface InstallRecord {
  version: 1;
  /** For each file, the hash of every content that forge put there. A file with another content is somebody's own. */
  files: Record<string, string[]>;
  /** Folders that it made, parents first. */
  folders: string[];
}

/** The record of a project; an empty one where there is none. @throws ForgeError (1) for a file that is no record */
export async function readRecord(root: string): Promise<InstallRecord> {
  const file = join(root, RECORD_FILE);
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    // ENOTDIR: `.factory` is a file, which is reported where it matters.
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return { version: 1, files: {}, folders: [] };
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (isRecord(content)) return content;
  throw new ForgeError(`${file} is not what forge init writes there; move it away and run forge init again`);
}

/** The text of a record, the same for the same content. */
export function recordText(record: InstallRecord): string {
  const files = Object.fromEntries(Object.entries(record.files).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ ...record, files }, null, 2)}\n`;
}

function isRecord(content: unknown): content is InstallRecord {
  const { version, files, folders } = Object(content) as Partial<Record<keyof InstallRecord, unknown>>;
  return (
    version === 1 &&
    typeof files === 'object' &&
    files !== null &&
    Object.entries(files).every(([path, hashes]) => isOurs(path) && isTextList(hashes)) &&
    isTextList(folders) &&
    folders.every(isOurs)
  );
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** A record comes with a clone, so it may have been written by anybody: it only ever speaks of what init installs. */
function isOurs(path: string): boolean {
  return (
    (path === 'forge.plan.yaml' || /^\.factory(\/|$)/.test(path)) &&
    isSafeRelativePath(path) &&
    !path.includes('\\')
  );
}
