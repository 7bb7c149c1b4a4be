import type { Base } from '../../merge/index.js';
import { type ChosenBackend, chooseBackend, foreignOwned } from '../../workspace/index.js';
import type { RunFolder, RunRequest } from '../store/run-folder.js';

/**
 * Chooses the backend of a run. Where an ordinary user's overlay could not change files that the tasks own, because they
 * belong to somebody else, copies are used instead (or, with `--backend overlay`, `note` says so).
 * Throws BackendUnavailableError.
 */
export async function backendForRun(
  folder: RunFolder,
  request: Pick<RunRequest, 'backend'>,
  base: Pick<Base, 'paths'>,
  note: (text: string) => void,
): Promise<ChosenBackend> {
  const options = { root: folder.root, runDir: folder.dir, runId: folder.id };
  const chosen = await chooseBackend({ ...options, ...(request.backend && { wanted: request.backend }) });
  if (chosen.backend.name !== 'overlay') return chosen;
  const foreign = foreignOwned(folder.root, [...base.paths()]);
  if (foreign.length === 0) return chosen;
  const why = `${foreign[0]}${foreign.length > 1 ? ` and ${foreign.length - 1} more` : ''}: another user’s or group’s, which an overlay of yours could not change`;
  if (request.backend === 'overlay') {
    note(`${why}; --backend copy can`);
    return chosen;
  }
  const copies = await chooseBackend({ ...options, wanted: 'copy' });
  return { ...copies, reason: `${copies.reason} (no overlay: ${why})` };
}
