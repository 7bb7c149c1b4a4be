import { mkdir } from 'node:fs/promises';
import { codeOf } from '../errors/system-error.js';

/** Makes a folder unless something has its name already; never those above it: where they have gone, so has what was to be put in. */
export async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}
