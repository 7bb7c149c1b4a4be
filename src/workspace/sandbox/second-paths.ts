import { statSync } from 'node:fs';
import { isWithin } from '../../util/paths/path.js';
import { holderOf, readMounts } from './mount-table.js';

/**
 * Other paths at which a folder, or a part of it, is there too: bind mounts, and the whole of a file system of which only
 * a part is mounted where people work (btrfs). A view covers one path only. Empty where there is no /proc.
 */
export function secondPaths(folder: string): string[] {
  const mounted = readMounts();
  const holder = holderOf(folder, mounted);
  if (holder === undefined) return [];
  const inside = joined(holder.root, below(folder, holder.target));
  const found = new Set<string>();
  for (const mount of mounted) {
    if (mount === holder || mount.device !== holder.device) continue;
    const isWhole = isWithin(inside, mount.root);
    if (!isWhole && !isWithin(mount.root, inside)) continue;
    const path = isWhole ? joined(mount.target, below(inside, mount.root)) : mount.target;
    const original = isWhole ? folder : joined(folder, below(mount.root, inside));
    // Something else may be mounted over it, or over what the table says is there.
    if (!isWithin(path, folder) && isSameFolder(path, original)) found.add(path);
  }
  return [...found].sort();
}

/** What is left of a path without the folder that it lies in: '' or with a leading slash. */
function below(path: string, folder: string): string {
  return folder === '/' ? path : path.slice(folder.length);
}

function joined(folder: string, rest: string): string {
  if (rest === '' || rest === '/') return folder;
  return folder === '/' ? rest : folder + rest;
}

function isSameFolder(a: string, b: string): boolean {
  try {
    const [one, other] = [statSync(a, { bigint: true }), statSync(b, { bigint: true })];
    return one.isDirectory() && one.ino === other.ino && one.dev === other.dev;
  } catch {
    // Not there, or closed to this user and so to tasks.
    return false;
  }
}
