import { join } from 'node:path';
import { removeTree } from '../../util/files/remove-tree.js';
import { gitIgnored } from '../../util/git/git.js';
import { listed } from '../../util/text/amounts.js';
import { classifyChanges, type FoundChange, type Workspace } from '../../workspace/index.js';
import type { AttemptRequest, AttemptResult } from './executor.js';

/**
 * What a task changed, classified by what it owns and what git ignores before any content is stored: the output of a
 * build can be far larger than the work. `usualModes`: new files get the mode that umask would give.
 */
export async function collectWork(
  { root, dir }: Pick<AttemptRequest, 'root' | 'dir'>,
  owned: (path: string) => boolean,
  workspace: Workspace,
  usualModes: boolean,
): Promise<Pick<AttemptResult, 'changeset' | 'strays' | 'dropped'>> {
  const into = join(dir, 'changeset');
  let strays: string[] = [];
  let dropped = 0;
  const choose = async (found: readonly FoundChange[]): Promise<FoundChange[]> => {
    const classified = classifyChanges(found, owned);
    const unowned = classified.strays.map(({ path }) => path);
    const ignored = await gitIgnored(root, unowned);
    strays = unowned.filter((path) => !ignored.has(path));
    dropped = unowned.length - strays.length + classified.dropped.length;
    return usualModes ? classified.kept.map(withUsualMode) : classified.kept;
  };
  try {
    const { changeset, special, reserved, outside } = await workspace.collect(into, choose);
    dropped += special.length + reserved.length;
    return { changeset, strays: [...outside, ...strays], dropped };
  } catch (error) {
    // On a full disk the half of it that is there would leave no room even for saying so.
    await removeTree(into);
    throw error;
  }
}

/** What strays are, in one sentence. */
export function strayReason(ownsSomething: boolean, strays: readonly string[]): string {
  const shown = listed(strays, 5);
  return ownsSomething
    ? `changed files outside what it owns: ${shown}`
    : `owns nothing, so it must change nothing, but changed ${shown}`;
}

/** Some agents create files as 0600 whatever the umask: gives such a new file the mode that umask would give. */
function withUsualMode(entry: FoundChange): FoundChange {
  if (entry.kind !== 'file' || entry.change !== 'created' || entry.mode !== 0o600) return entry;
  return { ...entry, mode: 0o666 & ~process.umask() };
}
