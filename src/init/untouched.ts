import { standingOf } from './compare.js';
import { readRecord } from './record.js';

/** Whether a file (path relative to the root) is exactly as `forge init` wrote it, so that replacing it loses nobody's work. */
export async function isUntouched(root: string, path: string): Promise<boolean> {
  return (await standingOf(root, path, await readRecord(root))).state === 'ours';
}
