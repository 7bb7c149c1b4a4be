import { count, firstOf } from '../../util/text/count.js';
import { sanitize } from '../../util/text/sanitize.js';

/** Kinds of change in the order they are shown; the mark is that of `git status --short` tools: + ~ - . */
const GROUPS: readonly { change: string; mark: string }[] = [
  { change: 'created', mark: '+' },
  { change: 'modified', mark: '~' },
  { change: 'mode', mark: '*' },
  { change: 'deleted', mark: '-' },
];

/** Paths shown of each kind. */
const MOST = 20;

/** Takes what a merge would change; gives it as text, grouped by kind of change, at most 20 paths of each. */
export function renderMergePreview(entries: readonly { path: string; change: string }[]): string {
  if (entries.length === 0) return 'Nothing to merge.\n';
  const known = new Set(GROUPS.map((group) => group.change));
  const others = [...new Set(entries.map((entry) => entry.change))].filter((change) => !known.has(change));
  const groups = [...GROUPS, ...others.map((change) => ({ change, mark: '?' }))]
    .map((group) => ({ ...group, paths: entries.filter(({ change }) => change === group.change) }))
    .filter(({ paths }) => paths.length > 0);
  const counts = groups.map(
    ({ change, paths }) => `${paths.length} ${CHANGE_TEXT[change] ?? sanitize(change)}`,
  );
  const lines = [`${count(entries.length, 'file')}: ${counts.join(', ')}`];
  for (const { mark, paths } of groups) {
    const shown = firstOf(
      paths.map(({ path }) => sanitize(path)),
      MOST,
      (more) => `and ${more} more`,
    );
    lines.push(...shown.map((text) => `  ${mark} ${text}`));
  }
  return `${lines.join('\n')}\n`;
}

const CHANGE_TEXT: Readonly<Record<string, string>> = { mode: 'with new permissions' };
