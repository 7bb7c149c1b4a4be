import { isUtf8 } from 'node:buffer';

/**
 * File names are bytes on Linux, JavaScript strings are not. A name that is not UTF-8 is carried in a string in
 * which every invalid byte 0xNN is the lone surrogate U+DCNN, as Python's PEP 383 ("surrogateescape") does.
 * JSON.stringify writes lone surrogates as escapes, so such names survive manifests and journals.
 */

const LONE_ESCAPE = /[\udc80-\udcff]/;

/** What looks like a character beyond ASCII, and every other byte that is not ASCII, of bytes as latin1. */
const BEYOND_ASCII =
  /[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf7][\x80-\xbf]{3}|[\x80-\xff]/g;

/** The string that stands for the bytes of a file name. */
export function decodeName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return bytes.toString('latin1').replace(BEYOND_ASCII, (found) => {
    const sequence = Buffer.from(found, 'latin1');
    if (isUtf8(sequence)) return sequence.toString('utf8');
    return String.fromCharCode(...Array.from(sequence, (byte) => 0xdc00 + byte));
  });
}

/** The names in a list that git writes with `-z`, each ended by a NUL, as `decodeName` gives them. */
export function decodeNames(list: Buffer): string[] {
  const names = decodeName(list).split('\0');
  if (names.at(-1) === '') names.pop();
  return names;
}

/** The list that git and xargs read with `-z` or `-0`: each name ended by a NUL. */
export function encodeNames(names: readonly string[]): Buffer {
  return Buffer.concat(names.flatMap((name) => [Buffer.from(encodePath(name)), NUL]));
}

const NUL = Buffer.from([0]);

/** What to hand to `node:fs` for a string from `decodeName` (or any other): the string itself where that is exact, bytes otherwise. */
export function encodePath(path: string): string | Buffer {
  if (!LONE_ESCAPE.test(path)) return path;
  const pieces = path.split(/((?<![\ud800-\udbff])[\udc80-\udcff])/);
  // Of what was split, every second piece is one that stands for a byte.
  return Buffer.concat(
    pieces.map((piece, n) =>
      n % 2 === 1 ? Buffer.from([piece.charCodeAt(0) - 0xdc00]) : Buffer.from(piece),
    ),
  );
}

/** A path below a folder (absolute; '' is the folder itself) for `node:fs`. */
export function joinRoot(root: string, path: string): string | Buffer {
  return encodePath(path === '' ? root : `${root}/${path}`);
}

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
