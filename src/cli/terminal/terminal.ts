import { sanitizeLines } from '../../util/text/sanitize.js';
import { wantsColor } from '../../util/text/terminal-abilities.js';

/** A message of forge's own for people, on standard error. What it quotes (words, paths) cannot act on the terminal. */
export function complain(message: string): void {
  process.stderr.write(`forge: ${sanitizeLines(message)}\n`);
}

/** The flags that decide about colours. */
export interface ColorFlags {
  color: boolean;
  'no-color': boolean;
}

/** Whether to colour what goes to `stream`: flags first, then FORCE_COLOR and NO_COLOR, then whether it is a terminal. */
export function colorWanted(flags: ColorFlags, stream: { isTTY?: boolean }): boolean {
  const flag = flags['no-color'] ? false : flags.color ? true : undefined;
  return wantsColor({ flag, env: process.env, isTTY: stream.isTTY });
}
