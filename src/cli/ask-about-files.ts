import { createInterface } from 'node:readline/promises';

/**
 * Asks on the terminal about each file whether to overwrite it. Gives those to overwrite, or how the user left (q or the
 * end of input, Ctrl-C), so that nothing is to be done at all.
 */
export async function askAboutFiles(
  paths: readonly string[],
): Promise<ReadonlySet<string> | 'declined' | 'interrupted'> {
  const chosen = new Set<string>();
  if (paths.length === 0) return chosen;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  let leaving: 'declined' | 'interrupted' = 'declined';
  terminal.on('SIGINT', () => {
    leaving = 'interrupted';
    terminal.close();
  });
  const closed = new Promise<undefined>((resolve) => terminal.once('close', () => resolve(undefined)));
  try {
    for (const [index, path] of paths.entries()) {
      const question = `${path} was changed, or is not from forge. Overwrite it? [y]es, [n]o, [a]ll, [q]uit `;
      for (;;) {
        const answer = (await Promise.race([terminal.question(question), closed]))?.trim().toLowerCase();
        if (answer === undefined || answer === 'q' || answer === 'quit') return leaving;
        if (answer === 'a' || answer === 'all') return new Set([...chosen, ...paths.slice(index)]);
        if (answer === 'y' || answer === 'yes') chosen.add(path);
        if (['y', 'yes', 'n', 'no', ''].includes(answer)) break;
      }
    }
    return chosen;
  } finally {
    terminal.close();
  }
}
