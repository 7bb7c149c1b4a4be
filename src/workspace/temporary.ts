import { lstatSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isStillRunning, thisProcess } from './owner.js';
import { removeTree } from './remove-tree.js';

const NAME = /^forge-[a-z]+-(\d*)-(\d+)-(\d*)-\w{6}$/;
let mark: string | undefined;

/**
 * The beginning of a name for mkdtemp, in the system's temporary folder, for something small that is removed soon. It
 * says whose it is (PID namespace, pid, start time), so that what a killed forge left can be told. `what` is [a-z]+.
 */
export function temporaryPrefix(what: string): string {
  if (mark === undefined) {
    const { namespace, pid, start } = thisProcess();
    mark = [namespaceNumber(namespace), pid, start].join('-');
  }
  return join(tmpdir(), `forge-${what}-${mark}-`);
}

/** Removes what dead forges of this user left behind in the temporary folder. Throws WorkspaceError. */
export async function sweepTemporary(): Promise<void> {
  const here = namespaceNumber(thisProcess().namespace);
  for (const name of namesIn(tmpdir())) {
    const [, namespace, pid, start] = NAME.exec(name) ?? [];
    // A pid means nothing in another container.
    if (pid === undefined || namespace !== here || isStillRunning(Number(pid), start ?? '')) continue;
    const dir = join(tmpdir(), name);
    const stats = lstatSync(dir, { throwIfNoEntry: false });
    if (stats?.isDirectory() && stats.uid === process.getuid?.()) await removeTree(dir);
  }
}

function namespaceNumber(link: string): string {
  return /\d+/.exec(link)?.[0] ?? '';
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    // No temporary folder, or one that can't be listed: what needs it will say so.
    return [];
  }
}
