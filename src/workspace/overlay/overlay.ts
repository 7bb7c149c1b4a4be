import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { DisposalStack } from '../../util/async/disposal-stack.js';
import { unlessGone } from '../../util/errors.js';
import { applyEntries } from '../changeset/apply.js';
import { Collector } from '../changeset/collector.js';
import { DiskTree, withOwnTree } from '../changeset/disk-tree.js';
import { StartView } from '../changeset/start-view.js';
import { workspaceFailure } from '../failure.js';
import type { Covered } from '../private-git/covered.js';
import { NamespaceSandbox } from '../sandbox/namespace.js';
import { SharedZygote, Zygote } from '../sandbox/zygote.js';
import type { Backend, OpenOptions, Workspace } from '../workspace.js';
import { OutsideChanges } from './outside-changes.js';
import { type OverlayLayout, overlayLayout } from './overlay-layout.js';
import type { OverlayMode } from './overlay-mounts.js';
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
  return { name: 'overlay', open: (options) => open(opener, options), hold: () => shared.hold() };
}

interface Opener {
  shared: SharedZygote;
  stateFolder: string;
  mode: OverlayMode;
  covered: Covered;
}

async function open(opener: Opener, options: OpenOptions): Promise<Workspace> {
  const { shared, stateFolder, mode, covered } = opener;
  const { root, name, start } = options;
  const ends = new DisposalStack();
  ends.defer(shared.hold());
  try {
    const zygote = await shared.get();
    const slot = zygote.takeSlot();
    let layout: OverlayLayout | undefined;
    ends.defer(() => zygote.giveBack(slot, isWrittenTo(layout?.upper)));
    layout = overlayLayout(slot, stateFolder, covered, mode);
    const madeNs = statSync(layout.upper, { bigint: true }).ctimeNs;
    const namespace = await NamespaceSandbox.open(zygote, slot, { name, ...layout });
    ends.defer(() => namespace.close());
    await applyEntries(namespace.outside(root), start);
    // Whatever is in an upper folder that started empty is the task's.
    const startedNs = start.length === 0 ? 0n : slot.now();
    return workspace({ namespace, layout, madeNs, startedNs, ends }, opener, options);
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

/** A workspace that is open: its namespace, when its upper folder was made and when it was handed over, and what ends it. */
interface Opened {
  namespace: NamespaceSandbox;
  layout: OverlayLayout;
  madeNs: bigint;
  startedNs: bigint;
  ends: DisposalStack;
}

function workspace(opened: Opened, { mode, covered }: Opener, { root, base, start }: OpenOptions): Workspace {
  const { namespace, layout, startedNs, ends } = opened;
  const { upper } = layout;
  const outsidePath = namespace.outside(root);
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
        const collector = new Collector({ now, start: new StartView(lower, start, base) });
        for (const { path } of start) await collector.check(path);
        await scanUpper({ upper, lower, now, redirect: mode.redirect, collector });
        return await collector.store(into, choose);
      });
      return { ...collected, outside: await outsideChanges(opened, covered) };
    },
    filesChanged: async () => countChanged(upper, startedNs),
    close: () => ends.dispose(),
  };
}

/** What was changed in the repository around root. */
async function outsideChanges(
  { namespace, layout: { topUpper }, madeNs }: Opened,
  { top, root }: Covered,
): Promise<string[]> {
  if (topUpper === undefined) return [];
  return await withOwnTree(namespace.outside(top), async (now) => {
    const real = new DiskTree(top);
    const changes = new OutsideChanges({ now, real, root: relative(top, root), openedNs: madeNs });
    await scanUpper({ upper: topUpper, lower: real, now, redirect: false, collector: changes });
    return await changes.strays();
  });
}
