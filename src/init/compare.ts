import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '../util/errors/forge-error.js';
import { look } from './placement.js';
import { hashOf, type InstallRecord } from './record.js';

/** How a path stands to what forge once put there. */
export type Standing =
  | { state: 'missing' }
  /** Somebody's own, or changed since forge wrote it. `link` and `folder` are never replaced. */
  | { state: 'foreign'; kind: 'file' | 'link' | 'folder' }
  /** As forge wrote it, now or earlier. */
  | { state: 'ours'; text: string }
  /** Not forge's, but with the very content asked about. */
  | { state: 'same' };

/** Takes a path relative to the root and, if there is one, the text that should be there; says what is there. */
export async function standingOf(
  root: string,
  path: string,
  record: InstallRecord,
  wanted?: string,
): Promise<Standing> {
  const stat = await look(join(root, path));
  if (stat === undefined) return { state: 'missing' };
  if (!stat.isFile()) return { state: 'foreign', kind: stat.isSymbolicLink() ? 'link' : 'folder' };
  const text = await readFile(join(root, path), 'utf8').catch((error: Error) => {
    throw new ForgeError(`cannot read ${join(root, path)}: ${error.message}; nothing was changed`);
  });
  const known = Object.hasOwn(record.files, path) ? record.files[path]! : [];
  const hash = hashOf(text);
  if (known.includes(hash)) return { state: 'ours', text };
  return wanted !== undefined && hash === hashOf(wanted)
    ? { state: 'same' }
    : { state: 'foreign', kind: 'file' };
}
