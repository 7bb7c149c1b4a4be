import type { Adapter } from './adapter.js';
import { endReason } from './verdict.js';

/** Runs a task's `run:` with `sh -c`. Exit code 0 is success; its output is the user's and means nothing to forge. */
export const shell: Adapter = {
  name: 'shell',
  takesPrompt: false,
  normaliseNewFileModes: false,
  // Every system that forge runs on has sh; a missing one fails the attempt with the system's own message.
  preflight: () => Promise.resolve(),
  prepare: ({ task, env }) => Promise.resolve({ argv: ['sh', '-c', task.run ?? ''], env }),
  reader: () => ({
    line: () => [],
    finish: (end) =>
      end.exitCode === 0 && end.signal === null ? { ok: true } : { ok: false, reason: endReason(end) },
  }),
};
