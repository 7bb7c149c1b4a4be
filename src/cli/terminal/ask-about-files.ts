import { sanitize } from '../../util/text/sanitize.js';
import { ask } from './ask.js';

/**
 * Asks on the terminal about each file whether to overwrite it. Gives those to overwrite, or how the user left (q or the
 * end of input, Ctrl-C), so that nothing is to be done at all.
 */
export async function askAboutFiles(
  paths: readonly string[],
): Promise<ReadonlySet<string> | 'declined' | 'interrupted'> {
  const chosen = new Set<string>();
  let leaving: 'declined' | 'interrupted' = 'declined';
  const onCtrlC = (stop: () => void) => {
    leaving = 'interrupted';
    stop();
  };
  for (const [index, path] of paths.entries()) {
    const question = `${sanitize(path)} was changed, or is not from forge. Overwrite it? [y]es, [n]o, [a]ll, [q]uit `;
    for (;;) {
      const answer = await ask(question, { onCtrlC });
      if (answer === undefined || answer === 'q' || answer === 'quit') return leaving;
      if (answer === 'a' || answer === 'all') return new Set([...chosen, ...paths.slice(index)]);
      if (answer === 'y' || answer === 'yes') chosen.add(path);
      if (['y', 'yes', 'n', 'no', ''].includes(answer)) break;
    }
  }
  return chosen;
}
