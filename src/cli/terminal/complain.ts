import { sanitizeLines } from '../../util/text/sanitize.js';

/** Prints a message of forge's own for people, on standard error. What it quotes (words, paths) cannot act on the terminal. */
export function complain(message: string): void {
  process.stderr.write(`forge: ${sanitizeLines(message)}\n`);
}
