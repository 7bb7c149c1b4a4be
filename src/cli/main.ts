#!/usr/bin/env node
import { ExitCode } from '../exit-code.js';
import { run } from './dispatch.js';

process.exitCode = await run(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(
    `forge: internal error: ${(error as Error)?.stack ?? String(error)}\nThis is a bug in forge; nothing was merged by this command unless it said so above.\n`,
  );
  return ExitCode.failed;
});
