/** Characters that JSON allows raw but a terminal or a line reader acts on: DEL, C1 controls, line separators, bidirectional controls. */
const RAW = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON for `--json`: every control character is escaped, so that it means the same and is safe on a terminal. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    RAW,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
