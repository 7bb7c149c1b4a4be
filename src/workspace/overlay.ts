import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyEntries } from './apply.js';
import { Collector } from './collector.js';
import { composeChangesets } from './compose.js';
import { DiskTree } from './disk-tree.js';
import { explain } from './failure.js';
import { findGit, gitFoldersOutside } from './git-place.js';
import { Namespace } from './namespace.js';
import { type OverlayMode, overlayMount } from './overlay-mounts.js';
import { countChanged, scanUpper } from './overlay-scan.js';
import { makeScratch, removeScratch } from './scratch.js';
import { StartView } from './start-view.js';
import type { Backend, Collected, OpenOptions, Workspace } from './workspace.js';

/** Takes a state folder and a mode that the probe found to work; gives the backend. */
export function overlayBackend(stateFolder: string, mode: OverlayMode): Backend {
  return { name: 'overlay', open: (options) => open(stateFolder, mode, options) };
}

async function open(stateFolder: string, mode: OverlayMode, options: OpenOptions): Promise<Workspace> {
  const { root, name } = options;
  const scratch = makeScratch(stateFolder, name);
  let namespace: Namespace | undefined;
  try {
    const git = findGit(root);
    namespace = await Namespace.open({
      name,
      cwd: scratch.dir,
      view: root,
      userNamespace: mode.userNamespace,
      mounts: [
        ...gitFoldersOutside(root, git).map((folder, index) =>
          overlayMount(scratch.dir, `git${index}-`, folder, folder, mode),
        ),
        overlayMount(scratch.dir, '', root, root, mode),
      ],
      // git looks for its folder no further than the file system of the current one, and the view is one of its own.
      ...(git === undefined || git.top === root
        ? {}
        : { extraEnv: { GIT_DISCOVERY_ACROSS_FILESYSTEM: '1' } }),
    });
    const start = composeChangesets(options.start);
    await applyEntries(namespace.outside(root), start);
    return workspace(namespace, scratch, timeOfStart(scratch.dir), mode, options, start);
  } catch (error) {
    await namespace?.close();
    await removeScratch(scratch.dir);
    throw explain(error, `open the workspace ${name}`);
  }
}

/** The time (ns, file system clock) when the start changesets were in place. */
function timeOfStart(dir: string): bigint {
  const marker = join(dir, 'started');
  writeFileSync(marker, '');
  return statSync(marker, { bigint: true }).ctimeNs;
}

function workspace(
  namespace: Namespace,
  scratch: { dir: string; madeNs: bigint },
  startedNs: bigint,
  mode: OverlayMode,
  { root, base }: OpenOptions,
  start: ReturnType<typeof composeChangesets>,
): Workspace {
  const outsidePath = namespace.outside(root);
  const upper = join(scratch.dir, 'upper');
  return {
    path: root,
    outsidePath,
    spawn: (command) => namespace.spawn(command),
    endProcesses: () => namespace.endProcesses(),
    collect: async (into, choose): Promise<Collected> => {
      mkdirSync(into);
      const now = new DiskTree(outsidePath, { own: true });
      const lower = new DiskTree(root);
      const collector = new Collector({
        now,
        start: new StartView(lower, start, base),
      });
      try {
        for (const { path } of start) await collector.check(path);
        await scanUpper({ upper, lower, now, redirect: mode.redirect, collector });
        return await collector.store(into, choose);
      } finally {
        now.relock();
      }
    },
    filesChanged: async () => countChanged(upper, startedNs),
    close: async () => {
      await namespace.close();
      await removeScratch(scratch.dir);
    },
  };
}
