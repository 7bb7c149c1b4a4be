import { applyEvent, type ForgeEvent, foldEvents } from '../../journal/index.js';
import { createPaint } from '../../util/text/paint.js';
import type { Output } from '../output.js';
import type { Reporter } from '../reporter.js';
import { type PlainOptions, plainLines } from './plain-lines.js';
import { renderSummary } from './summary.js';

/** What the plain reporter writes: all lines, or only failures and the summary. */
export interface PlainReporterOptions extends Omit<PlainOptions, 'paint'> {
  color: boolean;
  quiet: boolean;
  before?: Iterable<ForgeEvent>;
}

/** One line per event, for logs and pipes; with `quiet` only failures. The summary ends it. */
export class PlainReporter implements Reporter {
  readonly #options: PlainReporterOptions & PlainOptions;
  readonly #view;

  constructor(
    private readonly output: Output,
    options: PlainReporterOptions,
  ) {
    this.#options = { ...options, paint: createPaint(options.color) };
    this.#view = foldEvents(options.before ?? []);
  }

  event(event: ForgeEvent): void {
    applyEvent(this.#view, event);
    if (!this.#options.quiet || isFailure(event))
      this.output.lines(plainLines(event, this.#view, this.#options));
    if (event.type === 'run.finished') this.output.write(renderSummary(this.#view, this.#options));
  }

  close(): Promise<void> {
    return this.output.flush();
  }
}

function isFailure(event: ForgeEvent): boolean {
  if (event.type === 'task.finished') return event.state === 'failed';
  return event.type === 'gate.finished' && !event.ok;
}
