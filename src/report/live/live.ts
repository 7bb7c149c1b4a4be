import { stripVTControlCharacters } from 'node:util';
import type { createLogUpdate } from 'log-update';
import { applyEvent, type ForgeEvent, foldEvents, isOver, type RunView } from '../../journal/index.js';
import { createPaint } from '../../util/text/paint.js';
import { supportsUnicode } from '../../util/text/terminal-abilities.js';
import { displayWidth } from '../../util/text/width.js';
import { Output } from '../output.js';
import type { Reporter, ReporterOptions } from '../reporter.js';
import { failureLines, plainLines } from '../text/plain-lines.js';
import { renderSummary } from '../text/summary.js';
import { symbolsFor } from '../text/symbols.js';
import { type Canvas, fittedRows, gateLine, headerLine, renderFrame } from './table.js';

/** At most ten pictures a second; times move once a second. */
const FRAME_MS = 100;
const TICK_MS = 1000;

/** Rows of the table that stays on the screen. */
const FINAL_ROWS = 200;

/** The live table on a terminal. The cursor is left alone, so that no way of ending forge leaves it hidden. */
export class LiveReporter implements Reporter {
  readonly #output: Output;
  readonly #paint;
  readonly #symbols;
  readonly #view: RunView;
  /** log-update is loaded while the run starts: no other command pays for it. */
  readonly #loaded: Promise<void>;
  #log?: ReturnType<typeof createLogUpdate>;
  #drawn: string[] = [];
  #above: string[] = [];
  #drawnAt = 0;
  #timer?: NodeJS.Timeout;
  #ticker?: NodeJS.Timeout;
  #paused = false;
  #closed = false;
  #tablePrinted = false;
  readonly #onResize = () => this.#resized();

  constructor(private readonly options: ReporterOptions) {
    this.#output = new Output(options.stdout, options.stderr);
    this.#paint = createPaint(options.color);
    this.#symbols = symbolsFor(supportsUnicode(options.env ?? process.env));
    this.#view = foldEvents(options.before ?? []);
    this.#loaded = import('log-update').then((module) => {
      this.#log = module.createLogUpdate(options.stdout, { showCursor: true });
      this.#draw();
    });
    options.stdout.on('resize', this.#onResize);
  }

  event(event: ForgeEvent): void {
    if (this.#closed) return;
    applyEvent(this.#view, event);
    if (this.options.verbose && SHOWN_ABOVE.has(event.type))
      this.#above.push(...plainLines(event, this.#view, { paint: this.#paint, verbose: true, tails: false }));
    this.#ticker ??= setInterval(() => this.#draw(), TICK_MS).unref();
    this.#schedule();
  }

  /** A table of tasks that are all over stays above the question, as it would at the end; one still moving is taken away. */
  pause(): void {
    if (this.#closed || this.#paused) return;
    this.#erase();
    this.#paused = true;
    if ([...this.#view.tasks.values()].every((task) => isOver(task.status))) this.#printTable();
  }

  resume(): void {
    this.#paused = false;
    this.#draw();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#ticker);
    this.options.stdout.off('resize', this.#onResize);
    await this.#loaded;
    this.#erase();
    this.#printTable();
    if (this.#view.finished)
      this.#output.write(renderSummary(this.#view, { color: this.options.color, failures: false }));
    await this.#output.flush();
  }

  #schedule(): void {
    if (this.#timer) return;
    const wait = Math.max(0, this.#drawnAt + FRAME_MS - Date.now());
    this.#timer = setTimeout(() => this.#draw(), wait).unref();
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#log || this.#paused || this.#closed) return;
    this.#drawnAt = Date.now();
    if (this.#above.length > 0) {
      this.#erase();
      this.#flushAbove();
    }
    // One row stays free for the line that the cursor is on.
    const rows = Math.max(1, (this.options.stdout.rows ?? 24) - 1);
    const lines = this.#tablePrinted ? [] : renderFrame(this.#view, this.#canvas(), rows);
    if (lines.length > 0) this.#log(lines.join('\n'));
    this.#drawn = lines;
  }

  #erase(): void {
    if (this.#drawn.length > 0) this.#log?.clear();
    this.#drawn = [];
  }

  /** A narrower terminal has wrapped the lines drawn before: the rows that this added are erased too. */
  #resized(): void {
    const columns = this.#columns();
    const wrapped = this.#drawn.reduce(
      (sum, line) => sum + Math.max(0, Math.ceil(displayWidth(stripVTControlCharacters(line)) / columns) - 1),
      0,
    );
    this.#erase();
    if (!this.#closed) this.#output.write('\x1b[1A\x1b[2K'.repeat(wrapped));
    this.#draw();
  }

  #printTable(): void {
    this.#flushAbove();
    if (this.#tablePrinted || this.#view.startedAt === undefined) return;
    this.#tablePrinted = true;
    const canvas = this.#canvas();
    const failed = [...this.#view.tasks.values()].filter((task) => task.status === 'failed');
    const gates = [...this.#view.gates.values()].filter((gate) => gate.status !== 'waiting');
    this.#output.lines([
      headerLine(this.#view, canvas),
      ...fittedRows(this.#view, canvas, FINAL_ROWS),
      ...gates.map((gate) => gateLine(gate, canvas)),
      ...failed.flatMap((task) => failureLines(task, { paint: this.#paint, tails: true })),
    ]);
  }

  #flushAbove(): void {
    this.#output.lines(this.#above);
    this.#above = [];
  }

  /** The last column stays free: some terminals wrap as soon as it is written to. */
  #canvas(): Canvas {
    return { paint: this.#paint, symbols: this.#symbols, columns: this.#columns() - 1, now: Date.now() };
  }

  #columns(): number {
    return Math.max(2, this.options.stdout.columns ?? 80);
  }
}

const SHOWN_ABOVE: ReadonlySet<ForgeEvent['type']> = new Set([
  'attempt.output',
  'agent.message',
  'agent.tool',
]);
