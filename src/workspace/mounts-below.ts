import { readFileSync } from 'node:fs';
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
  const points = table
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined)
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
  return [...new Set(points)].filter((point) => point !== root && isWithin(point, root));
}
