import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { applyEntries } from '../changeset/apply.js';
import { Collector } from '../changeset/collector.js';
import { DiskTree } from '../changeset/disk-tree.js';
import { StartView } from '../changeset/start-view.js';
import { workspaceFailure } from '../failure.js';
import type { Covered } from '../private-git/covered.js';
import { Namespace } from '../sandbox/namespace.js';
import { makeScratch, removeScratch } from '../scratch/scratch.js';
import type { Backend, Collected, OpenOptions, Workspace } from '../workspace.js';
import { OutsideChanges } from './outside-changes.js';
import { overlayLayout } from './overlay-layout.js';
import { type OverlayMode, TOP_UPPER, UPPER } from './overlay-mounts.js';
import { countChanged, scanUpper } from './overlay-scan.js';

/** Takes a state folder, a mode that the probe found to work, and what the views must cover; gives the backend. */
export function overlayBackend(stateFolder: string, mode: OverlayMode, covered: Covered): Backend {
  return { name: 'overlay', open: (options) => open(stateFolder, mode, covered, options) };
}

async function open(
  stateFolder: string,
  mode: OverlayMode,
  covered: Covered,
  options: OpenOptions,
): Promise<Workspace> {
  const { root, name } = options;
  const scratch = makeScratch(stateFolder, name);
  let namespace: Namespace | undefined;
  try {
    namespace = await Namespace.open({ name, ...overlayLayout(scratch.dir, stateFolder, covered, mode) });
    await applyEntries(namespace.outside(root), options.start);
    return workspace(namespace, scratch, timeOfStart(scratch.dir), mode, covered, options);
  } catch (error) {
    // What led here matters more than what can't be undone of it; the next forge that acts sweeps it.
    await Promise.allSettled([namespace?.close()]);
    await Promise.allSettled([removeScratch(scratch.dir)]);
    throw workspaceFailure(error, `open the workspace ${name}`);
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
  covered: Covered,
  { root, base, start }: OpenOptions,
): Workspace {
  const outsidePath = namespace.outside(root);
  const upper = join(scratch.dir, UPPER);
  return {
    path: root,
    outsidePath,
    spawn: (command) => namespace.spawn(command),
    endProcesses: () => namespace.endProcesses(),
    collect: async (into, choose): Promise<Collected> => {
      namespace.mustBeUntouched();
      mkdirSync(into);
      const now = new DiskTree(outsidePath, { own: true });
      const lower = new DiskTree(root);
      const collector = new Collector({
        now,
        start: new StartView(lower, start, base),
      });
      let collected: Omit<Collected, 'outside'>;
      try {
        for (const { path } of start) await collector.check(path);
        await scanUpper({ upper, lower, now, redirect: mode.redirect, collector });
        collected = await collector.store(into, choose);
      } finally {
        now.restoreModes();
      }
      return { ...collected, outside: await outsideChanges(namespace, scratch, covered) };
    },
    filesChanged: async () => countChanged(upper, startedNs),
    close: async () => {
      await namespace.close();
      await removeScratch(scratch.dir);
    },
  };
}

/** What was changed in the repository around root. */
async function outsideChanges(
  namespace: Namespace,
  scratch: { dir: string; madeNs: bigint },
  { top, root }: Covered,
): Promise<string[]> {
  if (top === root) return [];
  const now = new DiskTree(namespace.outside(top), { own: true });
  const lower = new DiskTree(top);
  const changes = new OutsideChanges({
    now,
    real: lower,
    root: relative(top, root),
    openedNs: scratch.madeNs,
  });
  try {
    const upper = join(scratch.dir, TOP_UPPER);
    await scanUpper({ upper, lower, now, redirect: false, collector: changes });
  } finally {
    now.restoreModes();
  }
  return await changes.strays();
}
