import { copyBackend } from './copy/copy.js';
import { BackendUnavailableError } from './failure.js';
import { overlayBackend } from './overlay/overlay.js';
import { type Covered, findCovered } from './private-git/covered.js';
import { probeClone, probeNamespace, probeOverlay } from './probe.js';
import { prepareStateFolder, stateFolders } from './scratch/state-folder.js';
import type { Backend, BackendName, ChosenBackend } from './workspace.js';

export interface ChooseOptions {
  /** Absolute real path of the working tree. */
  root: string;
  /** The only backend to consider. */
  wanted?: BackendName;
  /** Why an overlay would not do, where that is known. */
  noOverlay?: string;
  /** The run's folder, on root's own file system; probing makes a folder in it for a moment. */
  runDir: string;
  /** [A-Za-z0-9._-] */
  runId: string;
}

type Tried = { backend: Backend; reason: string } | { refused: string };

/**
 * Picks overlay, clone or copy, the first that works, by really doing it once; or tries the one that is wanted.
 * `reason` is one line for the start of a run: what the backend is, and why better ones were passed over.
 * @throws BackendUnavailableError where nothing (or not the wanted one) works, UncoverableError where a git folder can't be kept apart
 */
export async function chooseBackend(options: ChooseOptions): Promise<ChosenBackend> {
  const order: readonly BackendName[] =
    options.wanted === undefined ? ['overlay', 'clone', 'copy'] : [options.wanted];
  /** By why: the state folders are often the reason for all of them. */
  const passedOver = new Map<string, BackendName[]>();
  const why = () =>
    [...passedOver].map(([refused, names]) => `no ${names.join(', ')}: ${refused}`).join('; ');
  const covered = await findCovered(options.root);
  for (const name of order) {
    const tried: Tried =
      name === 'overlay' && options.noOverlay !== undefined
        ? { refused: options.noOverlay }
        : await attempt(name, options, covered);
    if ('backend' in tried) {
      const over = passedOver.size === 0 ? '' : ` (${why()})`;
      return { backend: tried.backend, reason: tried.reason + over };
    }
    if (options.wanted !== undefined) throw new BackendUnavailableError(name, tried.refused);
    passedOver.set(tried.refused, [...(passedOver.get(tried.refused) ?? []), name]);
  }
  throw new BackendUnavailableError('copy', why());
}

async function attempt(name: BackendName, options: ChooseOptions, covered: Covered): Promise<Tried> {
  switch (name) {
    case 'overlay':
      return tryOverlay(options, covered);
    case 'clone':
      return tryCopy('clone', options, covered);
    case 'copy':
      return tryCopy('copy', options, covered);
    default:
      return name satisfies never;
  }
}

async function tryOverlay(options: ChooseOptions, covered: Covered): Promise<Tried> {
  const [link] = covered.fileLinks;
  if (link !== undefined) return { refused: `${link}, which a view can't cover` };
  const refusals: string[] = [];
  for (const candidate of stateFolders()) {
    const folder = prepareStateFolder(candidate, covered.top, true);
    if ('refused' in folder) {
      refusals.push(folder.refused);
      continue;
    }
    const probed = await probeOverlay({ ...options, covered, stateFolder: folder.path });
    if ('mode' in probed)
      return {
        backend: overlayBackend(folder.path, probed.mode, covered, options.runId),
        reason: `private views at the tree's own path, kept in ${folder.path}`,
      };
    if (probed.final) return { refused: probed.refused };
    refusals.push(probed.refused);
  }
  return { refused: [...new Set(refusals)].join(', ') };
}

async function tryCopy(name: 'clone' | 'copy', options: ChooseOptions, covered: Covered): Promise<Tried> {
  const refusals: string[] = [];
  for (const candidate of stateFolders()) {
    const folder = prepareStateFolder(candidate, covered.top, false);
    if ('refused' in folder) {
      refusals.push(folder.refused);
      continue;
    }
    const refused =
      name === 'clone' ? await probeClone(options.runDir, folder.path, options.runId) : undefined;
    if (refused !== undefined) {
      refusals.push(refused);
      continue;
    }
    const sandbox = await probeNamespace(covered, folder.path, options.runId);
    const what =
      name === 'clone'
        ? `a reflinked copy for each task, in ${folder.path}: little disk, but the time to make every file`
        : `a full copy for each task, in ${folder.path}: the time and disk of the whole tree each time`;
    const open = sandbox.how === 'none' ? `; without namespaces (${sandbox.why})` : '';
    return {
      backend: copyBackend(name, folder.path, sandbox.how, covered, options.runId),
      reason: what + open,
    };
  }
  return { refused: [...new Set(refusals)].join(', ') };
}
