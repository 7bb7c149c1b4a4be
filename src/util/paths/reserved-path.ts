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
