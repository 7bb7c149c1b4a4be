#!/usr/bin/env node
import { ExitCode } from '../util/errors.js';
import { run } from './dispatch.js';
import { guardStandardStreams } from './terminal/standard-streams.js';
import { complain } from './terminal/terminal.js';

const lostOutput = guardStandardStreams();
const code = await run(process.argv.slice(2)).catch((error: unknown) => {
  complain(
    `internal error: ${(error as Error)?.stack ?? String(error)}\nThis is a bug in forge; nothing was merged by this command unless it said so above.`,
  );
  return ExitCode.failed;
});
const lost = await lostOutput();
if (lost !== undefined) complain(`standard output could not be written: ${lost.message}`);
process.exitCode = lost !== undefined && code === ExitCode.ok ? ExitCode.failed : code;
// Its terminal went away, and SIGHUP is ignored since. At an ordinary end node would take the listeners away, and one that
// comes late (shells send their own) would end forge by signal all the same.
if (process.listenerCount('SIGHUP') > 0) process.exit();
