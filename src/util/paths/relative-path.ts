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
