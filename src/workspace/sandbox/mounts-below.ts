import { isWithin } from '../../util/paths/relative-path.js';
import { mountsHere } from './mount-table.js';

/** Folders below root on which something else is mounted (proc(5), /proc/self/mountinfo). Empty where there is no /proc. */
export function mountsBelow(root: string): string[] {
  const points = new Set(mountsHere().map(({ target }) => target));
  return [...points].filter((point) => point !== root && isWithin(point, root));
}
