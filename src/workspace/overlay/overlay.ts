import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { DisposalStack } from '../../util/async/disposal-stack.js';
import { unlessGone } from '../../util/errors.js';
import { applyEntries } from '../changeset/apply.js';
import { Collector } from '../changeset/collector.js';
import { DiskTree, withOwnTree } from '../changeset/disk-tree.js';
import { outsideChanges } from '../changeset/outside-changes.js';
import { stateAtStart } from '../changeset/state-at-start.js';
import { workspaceFailure } from '../failure.js';
import type { Covered } from '../private-git/covered.js';
import { NamespaceSandbox } from '../sandbox/namespace.js';
import { SharedZygote, Zygote } from '../sandbox/zygote.js';
import type { Backend, OpenOptions, Workspace } from '../workspace.js';
import { type OverlayLayout, type OverlayMode, overlayLayout } from './overlay-layout.js';
import { countChanged, scanUpper } from './overlay-scan.js';

/** The overlay backend for views of `covered`, in a mode that the probe found to work; runs name their scratch `runId`. */
export function overlayBackend(
  stateFolder: string,
  mode: OverlayMode,
  covered: Covered,
  runId: string,
): Backend {
  const shared = new SharedZygote(() => Zygote.start(stateFolder, runId, mode.userNamespace));
  const opener = { shared, stateFolder, mode, covered };
  return { name: 'overlay', open: (options) => open(opener, options), close: () => shared.close() };
}

interface Opener {
  shared: SharedZygote;
  stateFolder: string;
  mode: OverlayMode;
  covered: Covered;
}

async function open(opener: Opener, options: OpenOptions): Promise<Workspace> {
  const { shared, stateFolder, mode, covered } = opener;
  const { root, name, start, base } = options;
  const { top } = covered;
  const ends = new DisposalStack();
  try {
    const zygote = await shared.get();
    const slot = zygote.takeSlot();
    let layout: OverlayLayout | undefined;
    ends.defer(() => zygote.giveBack(slot, isWrittenTo(layout?.upper)));
    layout = overlayLayout(slot, stateFolder, covered, mode);
    const { upper, topUpper } = layout;
    const madeNs = statSync(upper, { bigint: true }).ctimeNs;
    const namespace = await NamespaceSandbox.open(zygote, slot, { name, ...layout });
    ends.defer(() => namespace.close());
    const outsidePath = namespace.outside(root);
    await applyEntries(outsidePath, start);
    // Whatever is in an upper folder that started empty is the task's.
    const startedNs = start.length === 0 ? 0n : slot.now();
    return {
      path: root,
      outsidePath,
      spawn: (command) => namespace.spawn(command),
      endProcesses: () => namespace.endProcesses(),
      collect: async (into, choose) => {
        namespace.mustBeUntouched();
        mkdirSync(into);
        const collected = await withOwnTree(outsidePath, async (now) => {
          const lower = new DiskTree(root);
          const collector = new Collector({ now, before: stateAtStart(lower, start, base) });
          for (const { path } of start) await collector.check(path);
          await scanUpper({ upper, lower, redirect: mode.redirect, collector });
          return await collector.store(into, choose);
        });
        if (topUpper === undefined) return { ...collected, outside: [] };
        const outside = await outsideChanges(
          { top, view: namespace.outside(top), root, openedNs: madeNs },
          (collector) => scanUpper({ upper: topUpper, lower: new DiskTree(top), redirect: false, collector }),
        );
        return { ...collected, outside };
      },
      filesChanged: async () => countChanged(upper, startedNs),
      close: () => ends.dispose(),
    };
  } catch (error) {
    // What led here matters more than what can't be undone of it; the next forge that acts sweeps it.
    await Promise.allSettled([ends.dispose()]);
    throw workspaceFailure(error, `open the workspace ${name}`);
  }
}

/** Whether there is something in an upper folder that takes room on a disk. */
function isWrittenTo(upper: string | undefined): boolean {
  const names = upper === undefined ? undefined : unlessGone(() => readdirSync(upper));
  return names?.some((name) => name !== '.forge') ?? false;
}
