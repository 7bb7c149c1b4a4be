import { mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../../util/errors.js';
import {
  makeMarkedFolder,
  NotOursError,
  whyNotMarked,
  whyNotRemovable,
} from '../../util/files/provenance.js';
import { livenessOf, thisProcess } from '../../util/process/identity.js';
import { workspaceFailure } from '../failure.js';
import { removeOwnTree } from './remove-own-tree.js';

const NAME = /^[a-z]+-(\d*)-(\d+)-(\d*)-\w{6}$/;

/** Where small things that are removed soon lie: a folder of forge's own in the system's temporary folder. */
const temporaryFolder = () => join(tmpdir(), `forge-${process.geteuid?.() ?? 'user'}`);

/** The temporary folder once it is known to be forge's own; null where somebody else has that name. */
let own: string | null | undefined;

/**
 * Makes a folder for something small that is removed soon. Its name says whose it is (PID namespace, pid, start time),
 * so that what a killed forge left can be told. `what` is [a-z]+.
 *
 * @throws WorkspaceError where there can be none.
 */
export function makeTemporary(what: string): string {
  const { pidNamespace, pid, start } = thisProcess();
  for (let tries = 1; ; tries += 1) {
    try {
      own ??= makeOwn();
      // Beside a folder that is not ours, under a name that no later forge will dare to remove.
      if (own === null) return mkdtempSync(join(tmpdir(), `forge-${what}-`));
      return mkdtempSync(join(own, `${[what, numberOf(pidNamespace), pid, start].join('-')}-`));
    } catch (error) {
      // Something that tidies the temporary folder has taken it away.
      if (codeOf(error) !== 'ENOENT' || tries === 2)
        throw workspaceFailure(error, `make a folder in ${tmpdir()}`);
      own = undefined;
    }
  }
}

function makeOwn(): string | null {
  try {
    makeMarkedFolder(temporaryFolder());
    return temporaryFolder();
  } catch (error) {
    if (error instanceof NotOursError) return null;
    throw error;
  }
}

/** Removes what dead forges of this user left behind in the temporary folder. @throws WorkspaceError */
export async function sweepTemporary(): Promise<void> {
  if (whyNotMarked(temporaryFolder()) !== undefined) return;
  const folder = realpathSync(temporaryFolder());
  const here = thisProcess();
  for (const name of readdirSync(folder)) {
    const [, namespace, pid, start] = NAME.exec(name) ?? [];
    // A pid means nothing in another container.
    if (pid === undefined || namespace !== numberOf(here.pidNamespace)) continue;
    if (livenessOf({ ...here, pid: Number(pid), start: start ?? '' }) !== 'dead') continue;
    const dir = join(folder, name);
    if (whyNotRemovable(dir, folder, NAME) === undefined) await removeOwnTree(dir);
  }
}

function numberOf(namespace: string): string {
  return /\d+/.exec(namespace)?.[0] ?? '';
}
