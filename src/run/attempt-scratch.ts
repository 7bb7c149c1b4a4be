import { readdirSync, readlinkSync } from 'node:fs';
import { lstat, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, processStart } from './process-start.js';

const NAME = /^forge-(?:attempt|pipe)-(\d*)-(\d+)-(\d*)-\w{6}$/;

/**
 * Makes the folder for what an adapter writes for one attempt (prompt, settings, hooks). Its name says whose it is:
 * PID namespace, pid, start time. It lies in the temporary folder because every workspace shows that at the same path.
 */
export function makeAttemptScratch(): Promise<string> {
  const owner = [pidNamespace(), process.pid, processStart(process.pid) ?? ''].join('-');
  return mkdtemp(join(tmpdir(), `forge-attempt-${owner}-`));
}

/** Removes those that dead forges of this user left behind, and the like for output pipes (src/workspace/output-pipe.ts). */
export async function sweepAttemptScratch(): Promise<void> {
  for (const name of namesIn(tmpdir())) {
    const [, namespace, pid, started] = NAME.exec(name) ?? [];
    // A pid means nothing in another container.
    if (pid === undefined || namespace !== pidNamespace()) continue;
    if (isAlive({ pid: Number(pid), started: started === '' ? null : started! })) continue;
    const dir = join(tmpdir(), name);
    const stat = await lstat(dir).catch(() => undefined);
    // Another user's is theirs to remove; gone: another command was faster.
    if (stat?.isDirectory() && stat.uid === process.getuid?.())
      await rm(dir, { recursive: true, force: true });
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    // No temporary folder, or one that can't be listed: the attempt that needs it will say so.
    return [];
  }
}

/** The number of this process's PID namespace, '' where there are none. */
function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
  } catch {
    // No /proc on this system.
    return '';
  }
}
