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
