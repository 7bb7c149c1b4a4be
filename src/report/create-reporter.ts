import { toJsonText } from '../util/text/sanitize.js';
import { GithubReporter } from './ci/github.js';
import { withoutCommands } from './ci/github-commands.js';
import { LiveReporter } from './live/live.js';
import { Output } from './output.js';
import type { Reporter, ReporterOptions } from './reporter.js';
import { PlainReporter } from './text/plain.js';

/** The reporter for a kind of output. It prints the summary itself, except `json`. */
export function createReporter(options: ReporterOptions): Reporter {
  const inner = createInner(options);
  if (!options.github) return inner;
  const complaints = new Output(options.stderr, options.stderr);
  // `--json` promises that stdout holds events only; the runner reads commands from stderr as well.
  const commands = options.kind === 'json' ? complaints : new Output(options.stdout, options.stderr);
  return new GithubReporter(inner, commands, complaints, options);
}

function createInner(options: ReporterOptions): Reporter {
  const { kind, verbose, color, before, github = false } = options;
  switch (kind) {
    case 'live':
      return new LiveReporter(options);
    case 'json': {
      // One line per event on stdout and nothing else.
      const output = new Output(options.stdout, options.stderr);
      return { event: (event) => output.write(`${toJsonText(event)}\n`), close: () => output.flush() };
    }
    case 'plain':
    case 'quiet': {
      const output = new Output(options.stdout, options.stderr, github ? withoutCommands : undefined);
      return new PlainReporter(output, {
        color,
        before,
        quiet: kind === 'quiet',
        // GitHub's groups hold the output of tasks; with -v it was printed as it came.
        tails: !github && !verbose,
        verbose: verbose && !github,
      });
    }
    default:
      return kind satisfies never;
  }
}
