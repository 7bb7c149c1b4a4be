import type { Splits } from '../../plan/index.js';
import { ForgeError } from '../../util/errors.js';
import { writeFileDurably } from '../../util/files/content.js';
import { readOurFile } from '../../util/files/provenance.js';
import type { BackendName } from '../../workspace/index.js';
import type { RunFolder } from './run-folder.js';

/** How a run was started, kept so that `resume` and `merge` do the same. */
export interface RunRequest {
  planFile: string;
  vars: Record<string, string>;
  /** Task ids named on the command line; empty = all. */
  tasks: string[];
  jobs?: number;
  keepGoing: boolean;
  backend?: BackendName;
  branch?: string;
  commit: boolean;
  /** How the files of tasks with `split` were divided: the tree may have other files by now. */
  splits?: Splits;
}

/** Keeps how a run was started. */
export async function writeRequest(folder: RunFolder, request: RunRequest): Promise<void> {
  await writeFileDurably(folder.request, `${JSON.stringify(request, null, 2)}\n`);
}

/** Reads back how a run was started. @throws ForgeError for a file that is damaged, and what reading throws */
export function readRequest(folder: RunFolder): RunRequest {
  const text = readOurFile(folder.request);
  try {
    return JSON.parse(text) as RunRequest;
  } catch (error) {
    throw new ForgeError(
      `${folder.request} is damaged (${(error as Error).message}), so run ${folder.id} can't go on; its work is in ${folder.dir}`,
    );
  }
}
