/**
 * Everything a terminal would act on instead of show: C0 and C1 controls, DEL, line and paragraph separators,
 * bidirectional overrides (they reorder what is read, CVE-2021-42574), byte order marks, non-characters and lone
 * surrogates (which stand for bytes of file names, see workspace/path-bytes.ts).
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Takes any text (agent output, file names, messages); gives one line in which control characters and terminal escapes are visible: `\x1b[31m`, `\n`, `\u202e`. */
export function sanitize(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** The same for a message of several lines, which stay lines. */
export function sanitizeLines(text: string): string {
  return text.split('\n').map(sanitize).join('\n');
}

function visible(character: string): string {
  const known = SHORT[character];
  if (known !== undefined) return known;
  const code = character.charCodeAt(0);
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
