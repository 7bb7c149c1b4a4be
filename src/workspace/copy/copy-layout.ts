import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Covered } from '../private-git/covered.js';
import { hideState } from '../sandbox/hidden.js';
import type { NamespaceLayout } from '../sandbox/keeper.js';
import { type Mount, mountsBelow, readOnly } from '../sandbox/mount-table.js';
import type { Slot } from '../sandbox/slot.js';

/** How the commands of a copy are kept together: with a namespace, in which the working tree is read-only, or without. */
export type CopySandbox = 'namespace' | 'user-namespace' | 'none';

/** The namespace of a workspace that is a copy: the real repository and its git folders read-only, forge's own state hidden. */
export function copyLayout(options: {
  slot: Slot;
  stateFolder: string;
  covered: Covered;
  /** The copy's folder in which commands start, and the copy as a whole. */
  view: string;
  show: string;
}): NamespaceLayout {
  const { slot, stateFolder, covered, view, show } = options;
  const { root, top, gitFolders, others } = covered;
  const mounts: Mount[] = [...others, top, ...mountsBelow(top), ...gitFolders].map(readOnly);
  const forge = join(root, '.forge');
  if (existsSync(forge)) mounts.push({ type: 'bind', from: slot.folder('hidden'), target: forge });
  return { view, mounts: [...mounts, ...hideState({ slot, stateFolder, top, show })] };
}
