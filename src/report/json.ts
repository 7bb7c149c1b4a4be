import type { ForgeEvent } from '../journal/index.js';
import { toJsonText } from '../util/text/json-text.js';
import { Output } from './output.js';
import type { Reporter, ReporterOptions } from './reporter.js';

/** `--json`: one line per event on stdout and nothing else. */
export class JsonReporter implements Reporter {
  readonly #output: Output;

  constructor(options: ReporterOptions) {
    this.#output = new Output(options.stdout, options.stderr);
  }

  event(event: ForgeEvent): void {
    this.#output.write(`${toJsonText(event)}\n`);
  }

  close(): Promise<void> {
    return this.#output.flush();
  }
}
