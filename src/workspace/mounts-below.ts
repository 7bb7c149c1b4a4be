import { readFileSync } from 'node:fs';
import { readMounts } from './mount-table.js';
import { isWithin } from './state-folder.js';

/** Folders below root on which something else is mounted (proc(5), /proc/self/mountinfo). Empty where there is no /proc. */
export function mountsBelow(root: string): string[] {
  let table: string;
  try {
    table = readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    // Not Linux: nothing there is told by this file.
    return [];
  }
  const points = new Set(readMounts(table).map(({ target }) => target));
  return [...points].filter((point) => point !== root && isWithin(point, root));
}
