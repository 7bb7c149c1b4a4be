import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { applyEntries } from './apply.js';
import type { ComposedEntry } from './changeset.js';
import { Collector } from './collector.js';
import { composeChangesets } from './compose.js';
import type { Confinement } from './confinement.js';
import { CopyManifest } from './copy-manifest.js';
import { copyTree, type Reflink } from './copy-tree.js';
import { DiskTree } from './disk-tree.js';
import { explain } from './failure.js';
import { findGit, gitFoldersOutside } from './git-place.js';
import { mountsBelow } from './mounts-below.js';
import { Namespace } from './namespace.js';
import { makePrivateGit } from './private-git.js';
import { makeScratch, removeScratch, type Scratch } from './scratch.js';
import { StartView } from './start-view.js';
import { Unconfined } from './unconfined.js';
import type { Backend, BackendName, Collected, OpenOptions, Workspace } from './workspace.js';

/** How the commands of a copy are confined: with a namespace, in which the working tree is read-only, or without. */
export type CopyConfinement = 'namespace' | 'user-namespace' | 'none';

/** A workspace that is a copy of the tree in the state folder: `clone` with reflinks, `copy` without. */
export function copyBackend(
  name: Extract<BackendName, 'clone' | 'copy'>,
  stateFolder: string,
  confinement: CopyConfinement,
): Backend {
  const reflink = name === 'clone' ? 'always' : 'never';
  return { name, open: (options) => open(stateFolder, reflink, confinement, options) };
}

async function open(
  stateFolder: string,
  reflink: Reflink,
  how: CopyConfinement,
  options: OpenOptions,
): Promise<Workspace> {
  const { root, name } = options;
  const scratch = makeScratch(stateFolder, name);
  let confinement: Confinement | undefined;
  try {
    const git = findGit(root);
    const top = join(scratch.dir, 'tree');
    const path = git === undefined ? top : join(top, relative(git.top, root));
    mkdirSync(path, { recursive: true });
    await copyTree(root, path, reflink, ['.forge']);
    chmodSync(path, statSync(root).mode & 0o7777);
    if (git !== undefined && !(git.isPlain && git.top === root)) await makePrivateGit(git, top, reflink);
    const start = composeChangesets(options.start);
    await applyEntries(path, start);
    const manifest = new CopyManifest(root, path);
    await manifest.take();
    // A git folder above the state folder (a home under git) is not this tree's.
    const extraEnv = { GIT_CEILING_DIRECTORIES: scratch.dir };
    if (how === 'none') confinement = new Unconfined(name, path, extraEnv);
    else
      confinement = await Namespace.open({
        name,
        cwd: scratch.dir,
        view: path,
        userNamespace: how === 'user-namespace',
        mounts: [root, ...mountsBelow(root), ...gitFoldersOutside(root, git)].map((target) => ({
          type: 'read-only',
          target,
        })),
        extraEnv,
      });
    return workspace(confinement, scratch, manifest, path, options, start);
  } catch (error) {
    await confinement?.close();
    await removeScratch(scratch.dir);
    throw explain(error, `open the workspace ${name}`);
  }
}

function workspace(
  confinement: Confinement,
  scratch: Scratch,
  manifest: CopyManifest,
  path: string,
  { root, base }: OpenOptions,
  start: readonly ComposedEntry[],
): Workspace {
  return {
    path,
    outsidePath: path,
    spawn: (command) => confinement.spawn(command),
    endProcesses: () => confinement.endProcesses(),
    collect: async (into, choose): Promise<Collected> => {
      mkdirSync(into);
      const now = new DiskTree(path, { own: true });
      const collector = new Collector({
        now,
        start: manifest.asStart(new StartView(new DiskTree(root), start, base)),
        translateTarget: (link, target) => manifest.translate(link, target),
      });
      try {
        await manifest.scan(now, collector);
        return await collector.store(into, choose);
      } finally {
        now.relock();
      }
    },
    filesChanged: async () => undefined,
    close: async () => {
      await confinement.close();
      await removeScratch(scratch.dir);
    },
  };
}
