import { applyEvent, foldEvents, readJournal } from '../journal/index.js';
import { createReporter, junitXml, renderMergePreview } from '../report/index.js';
import { findRun, type Proposal, type RunFolder, type RunHooks, runDiff } from '../run/index.js';
import { ExitCode, invalid } from '../util/errors.js';
import { mayBeCommitted } from '../util/files/merge-record.js';
import { listenForInterrupt } from '../util/process/interrupt.js';
import type { COMMON_FLAGS, Values } from './command-line.js';
import { checkJunitFile, writeJunitFile } from './junit-file.js';
import type { RUN_FLAGS } from './run-flags.js';
import { askToMerge } from './terminal/approve.js';
import { colorWanted, complain } from './terminal/terminal.js';

/** The flags that shape how a run is shown and approved. */
type SessionFlags = Pick<
  Values<typeof COMMON_FLAGS & typeof RUN_FLAGS>,
  'quiet' | 'verbose' | 'json' | 'color' | 'no-color' | 'yes' | 'no-merge' | 'junit'
>;

/**
 * Shows a run while `start` runs it: live table on a terminal, lines elsewhere, NDJSON with --json; asks before the
 * merge; handles Ctrl-C; writes the JUnit report. Gives the exit code. `folder` is set when a kept run goes on.
 */
export async function runSession(
  root: string,
  flags: SessionFlags,
  about: { planFile?: string; gateLines?: Record<string, number>; folder?: RunFolder },
  start: (hooks: RunHooks) => Promise<ExitCode>,
): Promise<number> {
  if (flags.quiet && flags.verbose) throw invalid('-q and -v contradict each other');
  if (flags.junit !== undefined) checkJunitFile(flags.junit);
  const terminal = process.stdout.isTTY === true && !flags.json;
  const color = colorWanted(flags, process.stdout);
  const before = about.folder ? [...readJournal(about.folder.journal)] : [];
  const reporter = createReporter({
    kind: kindOf(flags, terminal),
    stdout: process.stdout,
    stderr: process.stderr,
    color,
    verbose: flags.verbose,
    github: process.env.GITHUB_ACTIONS === 'true',
    before,
    planFile: about.planFile,
    gateLines: about.gateLines,
  });
  const interrupt = listenForInterrupt({
    first: () => complain('stopping; finished work is kept (again to stop at once)'),
    second: () => {
      if (!mayBeCommitted(root)) return undefined;
      complain('the merge is half written; the next forge command finishes it');
      return ExitCode.halfWritten;
    },
  });
  const { signal } = interrupt;
  const approve = async (proposal: Proposal) => {
    reporter.pause?.();
    try {
      const diff = () => runDiff(findRun(root, proposal.run), undefined, color);
      return await askToMerge(renderMergePreview(proposal.paths, proposal.threeWay), diff, signal);
    } finally {
      reporter.resume?.();
    }
  };
  const asks = terminal && process.stdin.isTTY === true && !flags.yes && !flags['no-merge'];
  const view = flags.junit === undefined ? undefined : foldEvents(before);
  try {
    return await start({
      onEvent: (event) => {
        reporter.event(event);
        if (view) applyEvent(view, event);
      },
      note: complain,
      noMerge: flags['no-merge'],
      signal,
      approve: asks ? approve : undefined,
    });
  } finally {
    await reporter.close();
    if (flags.junit !== undefined && view) writeJunitFile(flags.junit, junitXml(view));
    interrupt.dispose();
  }
}

function kindOf({ json, quiet, verbose }: SessionFlags, terminal: boolean) {
  if (json) return 'json';
  if (quiet) return 'quiet';
  return terminal && !verbose && process.env.TERM !== 'dumb' ? 'live' : 'plain';
}
