import { appendFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { applyEvent, type ForgeEvent, foldEvents } from '../../journal/index.js';
import { formatDuration } from '../../util/text/amounts.js';
import { outputLine, outputLines, sanitize } from '../../util/text/sanitize.js';
import type { Output } from '../output.js';
import type { Reporter, ReporterOptions } from '../reporter.js';
import { outcomeOf } from '../text/outcome.js';
import { gateFailure, whyFailed } from '../text/task-text.js';
import { withoutCommands, workflowCommand } from './github-commands.js';
import { stepSummary } from './step-summary.js';

/** Lines of output kept for a task's group; the rest is in its log. */
const GROUP_LINES = 500;
const LINE_LENGTH = 2000;

/** Adds to another reporter what GitHub Actions shows: annotations on the plan, a group per task's output, a step summary. */
export class GithubReporter implements Reporter {
  readonly #view;
  readonly #kept = new Map<string, { lines: string[]; dropped: number }>();

  constructor(
    private readonly inner: Reporter,
    private readonly commands: Output,
    private readonly complaints: Output,
    private readonly options: ReporterOptions,
  ) {
    this.#view = foldEvents(options.before ?? []);
  }

  event(event: ForgeEvent): void {
    applyEvent(this.#view, event);
    if (event.type === 'attempt.output') this.#keep(event.task, event.text);
    this.inner.event(event);
    if (event.type === 'task.finished') this.#taskFinished(event);
    else if (event.type === 'gate.finished' && !event.ok)
      this.#error(`Gate ${event.name}`, gateFailure(event), this.options.gateLines?.[event.name]);
    else if (event.type === 'merge.finished' && event.state === 'refused')
      this.#error('Merge refused', outcomeOf(this.#view).sentence);
  }

  async close(): Promise<void> {
    await this.inner.close();
    await this.commands.flush();
    const file = (this.options.env ?? process.env).GITHUB_STEP_SUMMARY;
    if (!file || this.#view.startedAt === undefined) return;
    try {
      await appendFile(file, stepSummary(this.#view));
    } catch (error) {
      // The run's own result must not depend on a page about it.
      this.complaints.write(`forge: the step summary was not written: ${(error as Error).message}\n`);
    }
  }

  pause(): void {
    this.inner.pause?.();
  }

  resume(): void {
    this.inner.resume?.();
  }

  #taskFinished(event: Extract<ForgeEvent, { type: 'task.finished' }>): void {
    const task = this.#view.tasks.get(event.task)!;
    const failed = event.state === 'failed';
    const { kind } = this.options;
    const kept = this.#kept.get(event.task);
    this.#kept.delete(event.task);
    if (kept && (kind === 'plain' || (kind === 'quiet' && failed))) {
      const title = `${sanitize(event.task)}: ${event.state}, ${formatDuration(event.ms)}`;
      const more = `(${kept.dropped} earlier lines are in ${sanitize(task.log ?? 'the log')})`;
      const lines = kept.dropped > 0 ? [more, ...kept.lines] : kept.lines;
      this.commands.write(workflowCommand('group', {}, title));
      this.commands.write(withoutCommands(`${lines.join('\n')}\n`));
      this.commands.write(workflowCommand('endgroup', {}, ''));
    }
    if (failed) this.#error(`Task ${event.task}`, whyFailed(task), task.line);
  }

  #error(title: string, text: string, line?: number): void {
    const file = this.options.planFile;
    const root = (this.options.env ?? process.env).GITHUB_WORKSPACE;
    const shown = file !== undefined && root ? relative(root, file) : file;
    this.commands.write(workflowCommand('error', { file: shown, line, title: sanitize(title) }, text));
  }

  #keep(task: string, text: string): void {
    const kept = this.#kept.get(task) ?? { lines: [], dropped: 0 };
    this.#kept.set(task, kept);
    for (const line of outputLines(text)) kept.lines.push(outputLine(line, LINE_LENGTH));
    // Cut in halves: moving the whole list for every line would be quadratic.
    if (kept.lines.length < 2 * GROUP_LINES) return;
    kept.dropped += kept.lines.length - GROUP_LINES;
    kept.lines = kept.lines.slice(-GROUP_LINES);
  }
}
