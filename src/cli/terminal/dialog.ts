import type { Dialog } from '../../util/text/dialog.js';
import { sanitize, toJsonText } from '../../util/text/sanitize.js';
import { askAboutFiles } from './ask.js';
import { complain } from './terminal.js';

/** The dialog with who called forge: words on a terminal or in a log, or one JSON object on standard output. */
export function openDialog({ json, quiet }: { json: boolean; quiet: boolean }): Dialog {
  const mayAsk = process.stdin.isTTY === true && process.stdout.isTTY === true && !json;
  return {
    say: (line) => {
      if (!json && !quiet) process.stdout.write(`${sanitize(line)}\n`);
    },
    warn: (line) => {
      if (!json) complain(sanitize(line));
    },
    tell: (result) => {
      if (json) process.stdout.write(`${toJsonText(result)}\n`);
    },
    chooseFiles: mayAsk ? askAboutFiles : undefined,
  };
}
