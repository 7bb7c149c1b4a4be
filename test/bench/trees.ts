import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './compare.js';

/** Git settings of the benchmark's repositories. */
export const GIT_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'bench',
  GIT_AUTHOR_EMAIL: 'bench@example.com',
  GIT_COMMITTER_NAME: 'bench',
  GIT_COMMITTER_EMAIL: 'bench@example.com',
};

/**
 * A tree of `files` files of about 16 kB (28,000 of them: 480 MB, a source tree with its node_modules), all tracked by
 * git, so that `git worktree add` has to make them all. Folders `src/mNN` hold the sources that tasks change.
 */
export function makeTree(dir: string, files: number): void {
  const content = `${'export const value = 1234567890;\n'.repeat(500)}`;
  const sources = Math.min(2000, Math.floor(files / 4));
  for (let index = 0; index < files; index += 1) {
    const folder =
      index < sources
        ? `src/m${index % 40}`
        : `node_modules/p${index % 400}/lib${Math.floor(index / 400) % 5}`;
    const path = join(dir, folder);
    if (index < 4000) mkdirSync(path, { recursive: true });
    writeFileSync(join(path, `f${index}.js`), `// ${index}\n${content}`);
  }
  must('git', ['init', '-q', '-b', 'main', dir]);
  must('git', ['-C', dir, 'add', '-A'], { env: GIT_ENV });
  must('git', ['-C', dir, 'commit', '-qm', 'start'], { env: GIT_ENV });
}
