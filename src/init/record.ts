import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '../util/errors/forge-error.js';
import { codeOf } from '../util/errors/system-error.js';

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

/** SHA-256 of a text, line ends aside: git may hand out CRLF where forge wrote LF. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
}

/** Reads the record of a project; an empty one where there is none. Throws ForgeError (1) for a file that is no record. */
export async function readRecord(root: string): Promise<InstallRecord> {
  let text: string;
  try {
    text = await readFile(join(root, RECORD_FILE), 'utf8');
  } catch (error) {
    // ENOTDIR: `.factory` is a file, which is reported where it matters.
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return { version: 1, files: {}, folders: [] };
    throw error;
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // Reported below: it is no record.
  }
  if (!isRecord(content))
    throw new ForgeError(
      `${join(root, RECORD_FILE)} is not what forge init writes there; move it away and run forge init again`,
    );
  return content;
}

/** Gives the text of a record, the same for the same content. */
export function recordText(record: InstallRecord): string {
  const files = Object.fromEntries(Object.entries(record.files).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ ...record, files }, null, 2)}\n`;
}

function isRecord(content: unknown): content is InstallRecord {
  if (typeof content !== 'object' || content === null) return false;
  const { version, files, folders } = content as Partial<Record<keyof InstallRecord, unknown>>;
  return (
    version === 1 &&
    typeof files === 'object' &&
    files !== null &&
    Object.entries(files).every(([path, hashes]) => staysInside(path) && isTextList(hashes)) &&
    isTextList(folders) &&
    folders.every(staysInside)
  );
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** A record comes with a clone, so it may have been written by anybody: it only ever speaks of what init installs. */
function staysInside(path: string): boolean {
  const names = path.split('/');
  return (
    (path === 'forge.plan.yaml' || names[0] === '.factory') &&
    names.every((name) => name !== '' && name !== '.' && name !== '..' && !name.includes('\\'))
  );
}
