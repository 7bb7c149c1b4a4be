/** The path of the folder that holds a path relative to root; '' is root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The last segment of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `name` below `folder`, where '' is root. */
export function below(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** Every folder above a path, without root, from the top down: `a` and `a/b` of `a/b/c`. */
export function ancestorsOf(path: string): string[] {
  const found: string[] = [];
  for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1))
    found.push(path.slice(0, cut));
  return found;
}

/** Whether a folder is `root` or lies below it; both absolute and real, or both relative to the same folder. */
export function isWithin(folder: string, root: string): boolean {
  return folder === root || folder.startsWith(root === '/' ? '/' : `${root}/`);
}

/** Every folder above the paths, once, without root. */
export function foldersAbove(paths: Iterable<string>): Set<string> {
  const found = new Set<string>();
  for (const path of paths) {
    for (let folder = parentOf(path); folder !== '' && !found.has(folder); folder = parentOf(folder))
      found.add(folder);
  }
  return found;
}

/** Whether a path lies below a folder, where '' is root; none lies below itself. */
export function isBelow(path: string, folder: string): boolean {
  return path !== folder && (folder === '' || path.startsWith(`${folder}/`));
}

/** Items by the folder of their path. */
export function byFolder<T extends { path: string }>(items: Iterable<T>): Map<string, T[]> {
  const folders = new Map<string, T[]>();
  for (const item of items) {
    const folder = parentOf(item.path);
    const list = folders.get(folder);
    if (list) list.push(item);
    else folders.set(folder, [item]);
  }
  return folders;
}

/**
 * Names that are nobody's to own, to write or to leave behind, at any depth: git's own folder (or the file in its place),
 * and forge's. Case is ignored: on a file system that does so, `.GIT` is `.git`.
 */
const RESERVED = /(?:^|\/)\.(?:git|forge)(?:\/|$)/i;

/** Whether a path (relative or absolute, `/` between segments) is, or lies in, a `.git` or `.forge`. */
export function isReservedPath(path: string): boolean {
  return RESERVED.test(path);
}

/** The first reserved entry on the way to a path (`vendor/x/.git` of `vendor/x/.git/objects`), or undefined. */
export function reservedTop(path: string): string | undefined {
  return /^(?:.*?\/)?\.(?:git|forge)(?=\/|$)/is.exec(path)?.[0];
}

/**
 * Whether a path may be joined to a folder and stay in it: relative, no NUL, no empty, `.` or `..` segment, nothing
 * reserved. Paths come from files that anybody may have written.
 */
export function isSafeRelativePath(path: unknown): path is string {
  if (typeof path !== 'string' || path.includes('\0') || isReservedPath(path)) return false;
  return path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}
