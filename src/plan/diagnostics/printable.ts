/**
 * What a terminal would obey instead of showing: C0 and C1 controls (escape sequences start with one), line and
 * paragraph separators, and the marks that change the direction of text, with which code can be made to look like
 * other code (CVE-2021-42574).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const WIDTHLESS = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** Ranges of code points that terminals show two cells wide: the main blocks of UAX #11 classes W and F, and emoji. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23ec],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x26aa, 0x26ab],
  [0x2705, 0x2705],
  [0x274c, 0x274c],
  [0x2753, 0x2757],
  [0x2795, 0x2797],
  [0x2b1b, 0x2b1c],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4c6],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f18e, 0x1f18e],
  [0x1f191, 0x1f19a],
  [0x1f200, 0x1f320],
  [0x1f32d, 0x1f64f],
  [0x1f680, 0x1f6fc],
  [0x1f7e0, 0x1f7eb],
  [0x1f90c, 0x1faff],
  [0x20000, 0x3fffd],
];

/** Takes any text; gives one line that is safe to print: what a terminal would obey becomes a visible escape such as `\u001b`. */
export function printable(text: string): string {
  return text.replace(OBEYED, (char) => {
    if (char === '\t') return '    ';
    if (char === '\n') return '\\n';
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Takes text from `printable`; gives how many terminal cells it fills. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code < 0x300) width += 1;
    else if (WIDE.some(([first, last]) => first <= code && code <= last)) width += 2;
    else if (!WIDTHLESS.test(char)) width += 1;
  }
  return width;
}
