import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DisposalStack } from '../../util/async/disposal-stack.js';
import { unlessGone } from '../../util/errors.js';
import { applyEntries } from '../changeset/apply.js';
import { Collector } from '../changeset/collector.js';
import { DiskTree, withOwnTree } from '../changeset/disk-tree.js';
import { outsideChanges } from '../changeset/outside-changes.js';
import { stateAtStart } from '../changeset/state-at-start.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import { settleCopiedGit } from '../private-git/copied-git.js';
import type { Covered } from '../private-git/covered.js';
import { makePrivateGit } from '../private-git/private-git.js';
import { NamespaceSandbox } from '../sandbox/namespace.js';
import { ProcessGroupSandbox } from '../sandbox/process-group.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import { SharedZygote, Zygote } from '../sandbox/zygote.js';
import { makeScratch, removeScratch } from '../scratch/scratch.js';
import type { Backend, BackendName, Command, OpenOptions, Workspace } from '../workspace.js';
import { type CopySandbox, copyLayout } from './copy-layout.js';
import { CopyManifest, inCopy, type Place } from './copy-manifest.js';
import { copyAround, type Reflink } from './copy-tree.js';

/** The backend whose workspaces are copies of the tree in the state folder: `clone` with reflinks, `copy` without; runs name their scratch `runId`. */
export function copyBackend(
  name: Extract<BackendName, 'clone' | 'copy'>,
  stateFolder: string,
  how: CopySandbox,
  covered: Covered,
  runId: string,
): Backend {
  const reflink = name === 'clone' ? 'always' : 'never';
  const shared =
    how === 'none'
      ? undefined
      : new SharedZygote(() => Zygote.start(stateFolder, runId, how === 'user-namespace'));
  const opener = { shared, stateFolder, reflink, covered } as const;
  return {
    name,
    open: (options) => open(opener, options),
    close: async () => shared?.close(),
  };
}

interface Opener {
  /** undefined where there are no namespaces. */
  shared: SharedZygote | undefined;
  stateFolder: string;
  reflink: Reflink;
  covered: Covered;
}

async function open(opener: Opener, options: OpenOptions): Promise<Workspace> {
  const { shared, stateFolder, reflink, covered } = opener;
  const { root, name, start, base } = options;
  const ends = new DisposalStack();
  try {
    const zygote = await shared?.get();
    const slot = zygote?.takeSlot();
    if (zygote !== undefined && slot !== undefined) ends.defer(() => zygote.giveBack(slot, true));
    const scratch = slot?.folder('copy') ?? makeScratch(stateFolder, name);
    if (slot === undefined) ends.defer(() => removeScratch(scratch));
    const madeNs = statSync(scratch, { bigint: true }).ctimeNs;
    const place = { from: covered.top, to: join(scratch, 'tree') };
    const path = inCopy(root, place);
    await copyAround(root, place, reflink);
    await ownGitFolders(covered, place, reflink);
    await applyEntries(path, start);
    const manifest = new CopyManifest(root, place);
    await manifest.take();
    const around = covered.top === root ? undefined : new CopyManifest(place.from, place, root);
    await around?.take();
    // A git folder above the state folder (a home under git) is not this tree's.
    const extraEnv = { GIT_CEILING_DIRECTORIES: scratch };
    let sandbox: Sandbox;
    if (zygote === undefined || slot === undefined)
      sandbox = new ProcessGroupSandbox(name, path, realpathSync(place.to), extraEnv);
    else {
      const layout = copyLayout({ slot, stateFolder, covered, view: path, show: place.to });
      sandbox = await NamespaceSandbox.open(zygote, slot, { name, extraEnv, ...layout });
    }
    ends.defer(() => sandbox.close());
    return {
      path,
      outsidePath: path,
      spawn: (command) => sandbox.spawn(covered.isTrustedStranger ? trusting(command, place.to) : command),
      endProcesses: () => sandbox.endProcesses(),
      collect: async (into, choose) => {
        sandbox.mustBeUntouched();
        if (!existsSync(path))
          throw new WorkspaceError('the task removed the folder that it worked in; nothing of it is used');
        mkdirSync(into);
        const collected = await withOwnTree(path, async (now) => {
          const origin = stateAtStart(new DiskTree(root), start, base);
          const collector = new Collector({
            now,
            before: (each) => manifest.before(each, origin),
            translateTarget: (link, target) => manifest.translate(link, target),
          });
          await manifest.scan(collector);
          return await collector.store(into, choose);
        });
        if (around === undefined) return { ...collected, outside: [] };
        const translateTarget = (link: string, target: string) => around.translate(link, target);
        const outside = await outsideChanges(
          { top: around.root, view: around.copy, root, openedNs: madeNs, translateTarget },
          (collector) => around.scan(collector),
        );
        return { ...collected, outside };
      },
      filesChanged: async () => undefined,
      close: () => ends.dispose(),
    };
  } catch (error) {
    // What led here matters more than what can't be undone of it; the next forge that acts sweeps it.
    await Promise.allSettled([ends.dispose()]);
    throw workspaceFailure(error, `open the workspace ${name}`);
  }
}

/** Every git folder outside the tree as one inside the copy, where git in the copy finds it. */
async function ownGitFolders(
  { linked, inTree }: Covered,
  { from, to }: Place,
  reflink: Reflink,
): Promise<void> {
  const place = { from, to: realpathSync(to) };
  for (const worktree of linked)
    if (isCopied(worktree.top, place)) await makePrivateGit(worktree, inCopy(worktree.top, place), reflink);
  for (const folder of inTree) if (isCopied(folder, place)) await settleCopiedGit(folder, place, reflink);
}

/**
 * Whether the copy has a folder of the tree, which may have gone meanwhile.
 * @throws WorkspaceError where it has a link instead: things are removed in there, and never through a link
 */
function isCopied(folder: string, place: Place): boolean {
  const copied = inCopy(folder, place);
  const real = unlessGone(() => realpathSync(copied));
  if (real === undefined || real === copied) return real !== undefined;
  throw new WorkspaceError(`${folder} was replaced by a link while the tree was copied; run forge again`);
}

/** A command in which git trusts a folder of another user's files, beside what it trusts already. */
function trusting(command: Command, folder: string): Command {
  const count = Number(command.env.GIT_CONFIG_COUNT) || 0;
  const env = {
    ...command.env,
    GIT_CONFIG_COUNT: String(count + 1),
    [`GIT_CONFIG_KEY_${count}`]: 'safe.directory',
    [`GIT_CONFIG_VALUE_${count}`]: folder,
  };
  return { ...command, env };
}
