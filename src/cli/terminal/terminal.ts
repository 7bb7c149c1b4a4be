import { wantsColor } from '../../util/text/terminal-abilities.js';

/** Whether to colour what goes to `stream`: flags first, then NO_COLOR and FORCE_COLOR, then whether it is a terminal. */
export function colorWanted(
  flags: { color: boolean; 'no-color': boolean },
  stream: { isTTY?: boolean },
): boolean {
  const flag = flags['no-color'] ? false : flags.color ? true : undefined;
  return wantsColor({ flag, env: process.env, isTTY: stream.isTTY === true });
}

/** The width and height of the terminal, where standard output is one. */
export function terminalColumns(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}
