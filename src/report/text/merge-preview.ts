import { count, shortened } from '../../util/text/amounts.js';
import { sanitize } from '../../util/text/sanitize.js';

/** Kinds of change in the order they are shown, with the marks of short status: + ~ - and so on. */
const KINDS = {
  created: { words: 'created', mark: '+' },
  modified: { words: 'modified', mark: '~' },
  mode: { words: 'with new permissions', mark: '*' },
  deleted: { words: 'deleted', mark: '-' },
};

/** Paths shown of each kind. */
const MOST = 20;

/**
 * What a merge would change, as text: grouped by kind of change, at most 20 paths of each; and what the user changed too,
 * so that it was merged three-way.
 */
export function renderMergePreview(
  entries: readonly { path: string; change: keyof typeof KINDS }[],
  threeWay: readonly string[] = [],
): string {
  if (entries.length === 0) return 'Nothing to merge.\n';
  const counts: string[] = [];
  const lines: string[] = [];
  for (const [change, { words, mark }] of Object.entries(KINDS)) {
    const paths = entries.filter((entry) => entry.change === change).map(({ path }) => sanitize(path));
    if (paths.length === 0) continue;
    counts.push(`${paths.length} ${words}`);
    for (const path of shortened(paths, MOST, (more) => `and ${more} more`))
      lines.push(`  ${mark} ${path}\n`);
  }
  if (threeWay.length > 0)
    lines.push(`You changed ${threeWay.map(sanitize).join(', ')} meanwhile: both changes are kept.\n`);
  return `${count(entries.length, 'file')}: ${counts.join(', ')}\n${lines.join('')}`;
}
