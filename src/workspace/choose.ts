import { copyBackend } from './copy/copy.js';
import { BackendUnavailableError } from './failure.js';
import { overlayBackend } from './overlay/overlay.js';
import { type Covered, findCovered } from './private-git/covered.js';
import { overlayRuledOut, probeClone, probeNamespace, probeOverlay } from './probe.js';
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
    const tried = await tryBackend(name, options, covered);
    if ('backend' in tried) {
      const over = passedOver.size === 0 ? '' : ` (${why()})`;
      return { backend: tried.backend, reason: tried.reason + over };
    }
    if (options.wanted !== undefined) throw new BackendUnavailableError(name, tried.refused);
    passedOver.set(tried.refused, [...(passedOver.get(tried.refused) ?? []), name]);
  }
  throw new BackendUnavailableError('copy', why());
}

/** Tries a backend in one state folder after another. */
async function tryBackend(name: BackendName, options: ChooseOptions, covered: Covered): Promise<Tried> {
  if (name === 'overlay') {
    const refused = options.noOverlay ?? overlayRuledOut(covered);
    if (refused !== undefined) return { refused };
  }
  const refusals = new Set<string>();
  for (const candidate of stateFolders()) {
    const folder = prepareStateFolder(candidate, covered.top, name === 'overlay');
    const tried = 'refused' in folder ? folder : await tryIn(folder.path, name, options, covered);
    if ('backend' in tried) return tried;
    refusals.add(tried.refused);
  }
  return { refused: [...refusals].join(', ') };
}

async function tryIn(
  stateFolder: string,
  name: BackendName,
  { runDir, runId }: ChooseOptions,
  covered: Covered,
): Promise<Tried> {
  const where = { covered, runDir, runId, stateFolder };
  if (name === 'overlay') {
    const probed = await probeOverlay(where);
    if ('refused' in probed) return probed;
    const backend = overlayBackend(stateFolder, probed.mode, covered, runId);
    return { backend, reason: `private views at the tree's own path, kept in ${stateFolder}` };
  }
  const refused = name === 'clone' ? await probeClone(where) : undefined;
  if (refused !== undefined) return { refused };
  const { how, why } = await probeNamespace(where);
  const what =
    name === 'clone'
      ? `a reflinked copy for each task, in ${stateFolder}: little disk, but the time to make every file`
      : `a full copy for each task, in ${stateFolder}: the time and disk of the whole tree each time`;
  const open = how === 'none' ? `; without namespaces (${why})` : '';
  return { backend: copyBackend(name, stateFolder, how, covered, runId), reason: what + open };
}
