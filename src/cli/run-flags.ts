import { invalid } from '../util/errors.js';
import type { BackendName } from '../workspace/index.js';

/** Flags of every command that runs tasks or gates. */
export const RUN_FLAGS = {
  jobs: { short: 'j', value: 'n', help: 'run at most n tasks at once (default: the plan’s concurrency)' },
  'keep-going': { short: 'k', help: 'after a failure go on with what does not depend on it' },
  yes: { help: 'merge without asking when the gates pass' },
  'no-merge': { help: 'stop before merging; `forge merge` does it later' },
  backend: {
    value: 'name',
    help: 'how workspaces are made: overlay, clone or copy (default: the best that works)',
  },
  junit: { value: 'file', help: 'write a JUnit report' },
} as const;

/** The number of `-j`. @throws ForgeError (2) */
export function parseJobs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const jobs = Number(text);
  if (/^[0-9]+$/.test(text) && jobs >= 1 && jobs <= 10_000) return jobs;
  throw invalid(`-j ${text}: the number of tasks at once is a whole number from 1 to 10000`);
}

/** The name of `--backend`. @throws ForgeError (2) */
export function parseBackend(text: string | undefined): BackendName | undefined {
  if (text === undefined || text === 'overlay' || text === 'clone' || text === 'copy') return text;
  throw invalid(`--backend ${text}: choose overlay, clone or copy`);
}
