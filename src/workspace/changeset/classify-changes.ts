import { parentOf } from '../../util/paths/path.js';
import { byPath, type FoundChange } from './changeset.js';

export interface ClassifiedChanges {
  /** What may be merged. */
  kept: FoundChange[];
  /** Changes outside what is owned (git may ignore some: see gitIgnored). */
  strays: FoundChange[];
  /** Folders outside what is owned, made, removed or with another mode, that nothing kept needs: git would not see them. */
  dropped: FoundChange[];
}

/**
 * Classifies changes by what is owned. A folder made outside `owned` is kept where something kept lies in it; a folder
 * removed outside `owned` is kept where things in it were removed and all of those are kept. Each list keeps the order.
 */
export function classifyChanges(
  changes: readonly FoundChange[],
  owned: (path: string) => boolean,
): ClassifiedChanges {
  const classified: ClassifiedChanges = { kept: [], strays: [], dropped: [] };
  const holdsKept = new Set<string>();
  const holdsOther = new Set<string>();
  // From the bottom up: what is in a folder is decided before the folder.
  for (const entry of [...changes].sort(byPath).reverse()) {
    const verdict = judge(entry, owned(entry.path), holdsKept.has(entry.path), holdsOther.has(entry.path));
    classified[verdict].push(entry);
    const mark = verdict === 'kept' ? holdsKept : holdsOther;
    for (let folder = parentOf(entry.path); folder !== '' && !mark.has(folder); folder = parentOf(folder))
      mark.add(folder);
  }
  for (const list of Object.values(classified)) list.reverse();
  return classified;
}

function judge(
  entry: FoundChange,
  isOwned: boolean,
  holdsKept: boolean,
  holdsOther: boolean,
): keyof ClassifiedChanges {
  if (isOwned) return 'kept';
  switch (entry.kind) {
    case 'file':
    case 'symlink':
      return 'strays';
    case 'directory':
      // A file that was there before is gone: that is a change of somebody's file.
      if (entry.was !== undefined) return 'strays';
      return entry.change === 'created' && holdsKept ? 'kept' : 'dropped';
    case 'absent':
      if (entry.was !== 'directory') return 'strays';
      return holdsKept && !holdsOther ? 'kept' : 'dropped';
    default:
      return entry satisfies never;
  }
}
