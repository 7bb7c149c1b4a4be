import { escapeGlob } from '../../util/paths/glob-escape.js';
import { type Folders, foldersIn, NAMES } from '../survey/folders.js';

/**
 * Ways to keep tests among the code they test, and the files that show that a project does. Go has no other way. No
 * braces in the patterns: a pattern also claims the path that is spelled like itself.
 */
const STYLES: readonly (readonly [pattern: string, shownBy: RegExp])[] = [
  ['**/*.test.*', /\.test\.[^.]+$/],
  ['**/*.spec.*', /\.spec\.[^.]+$/],
  ['**/test_*.py', /^test_.*\.py$/],
  ['**/*_test.py', /_test\.py$/],
  ['**/*_test.go', /\.go$/],
];

/**
 * The patterns of tests that lie among the code of a folder, as far as the project keeps them so: few, because each has to
 * be told apart from the code. `hasTestFolder`: new tests have a place of their own already.
 */
export function testsAmong(folders: Folders, dir: string, hasTestFolder: boolean): string[] {
  const found = new Set<string>();
  let javascript = false;
  for (const folder of foldersIn(folders, dir)) {
    if (folder.folders.has('__tests__')) found.add('**/__tests__/**');
    const inside = folder.path.slice(dir.length).split('/');
    if (inside.some((name) => NAMES.tests.has(name))) continue;
    for (const name of folder.files) {
      javascript ||= /\.[cm]?[jt]sx?$/.test(name);
      for (const [pattern, shownBy] of STYLES) if (shownBy.test(name)) found.add(pattern);
    }
  }
  if (found.size === 0 && javascript && !hasTestFolder) found.add('**/*.test.*');
  return Array.from(found, (pattern) => `${escapeGlob(dir)}/${pattern}`);
}
