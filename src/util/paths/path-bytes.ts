import { isUtf8 } from 'node:buffer';

/**
 * File names are bytes on Linux, JavaScript strings are not. A name that is not UTF-8 is carried in a string in
 * which every invalid byte 0xNN is the lone surrogate U+DCNN, as Python's PEP 383 ("surrogateescape") does.
 * JSON.stringify writes lone surrogates as escapes, so such names survive manifests and journals.
 */

const LONE_ESCAPE = /[\udc80-\udcff]/;

/** The string that stands for the bytes of a file name. */
export function decodeName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  let start = 0;
  while (start < bytes.length) {
    const length = validSequenceLength(bytes, start);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + bytes[start]!);
      start += 1;
    } else {
      text += bytes.toString('utf8', start, start + length);
      start += length;
    }
  }
  return text;
}

/** The names in a list that git writes with `-z`, each ended by a NUL, as `decodeName` gives them. */
export function decodeNames(list: Buffer): string[] {
  const names: string[] = [];
  for (let start = 0; start < list.length; ) {
    const end = list.indexOf(0, start);
    const stop = end < 0 ? list.length : end;
    names.push(decodeName(list.subarray(start, stop)));
    start = stop + 1;
  }
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
  const parts: Buffer[] = [];
  for (const piece of path.split(/((?<![\ud800-\udbff])[\udc80-\udcff])/)) {
    if (piece.length === 1 && LONE_ESCAPE.test(piece))
      parts.push(Buffer.from([piece.charCodeAt(0) - 0xdc00]));
    else parts.push(Buffer.from(piece, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** A path below a folder (absolute; '' is the folder itself) for `node:fs`. */
export function joinRoot(root: string, path: string): string | Buffer {
  return encodePath(path === '' ? root : `${root}/${path}`);
}

/** Length of the valid UTF-8 sequence that starts at `start`, or 0. */
function validSequenceLength(bytes: Buffer, start: number): number {
  for (let length = 1; length <= 4 && start + length <= bytes.length; length += 1) {
    if (isUtf8(bytes.subarray(start, start + length))) return length;
  }
  return 0;
}
