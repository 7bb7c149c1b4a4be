import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Covered } from '../private-git/covered.js';
import { hideFolder, hideState } from '../sandbox/hidden.js';
import type { NamespaceLayout } from '../sandbox/keeper.js';
import type { Mount } from '../sandbox/mount-table.js';
import { mountsBelow } from '../sandbox/mounts-below.js';

/** How the commands of a copy are confined: with a namespace, in which the working tree is read-only, or without. */
export type CopyConfinement = 'namespace' | 'user-namespace' | 'none';

/** The namespace of a workspace that is a copy: the real repository and its git folders read-only, forge's own state hidden. */
export function copyLayout(options: {
  scratch: string;
  stateFolder: string;
  covered: Covered;
  /** The copy's folder in which commands start, and the copy as a whole. */
  view: string;
  show: string;
  how: Exclude<CopyConfinement, 'none'>;
}): NamespaceLayout {
  const { scratch, stateFolder, covered, view, show, how } = options;
  const { root, top, gitFolders, others } = covered;
  const real = [...others, top, ...mountsBelow(top), ...gitFolders];
  const forge = join(root, '.forge');
  return {
    cwd: scratch,
    view,
    userNamespace: how === 'user-namespace',
    mounts: [
      ...real.map((target): Mount => ({ type: 'read-only', target })),
      ...(existsSync(forge) ? [hideFolder(scratch, forge)] : []),
      ...hideState({ scratch, stateFolder, keep: [top], show }),
    ],
  };
}
