import { CAREFUL_GIT } from '../../util/git/careful-git.js';
import { decodeNames, encodePath } from '../../util/paths/path-bytes.js';
import { WorkspaceError } from '../failure.js';
import { askGit } from '../private-git/ask-git.js';

/**
 * Takes paths relative to root; gives those that git ignores, by the rules of the working tree itself (never those of
 * a workspace, where a task may have changed them) and never a tracked one. Empty where root is in no repository.
 * Throws WorkspaceError where git cannot answer.
 */
export async function gitIgnored(root: string, paths: readonly string[]): Promise<Set<string>> {
  const ignored = new Set<string>();
  const queue: (readonly string[])[] = paths.length === 0 ? [] : [paths];
  for (let batch = queue.pop(); batch !== undefined; batch = queue.pop()) {
    // The "./" keeps a name that starts with ":" from being read as pathspec magic.
    const input = Buffer.concat(
      batch.flatMap((path) => [Buffer.from('./'), Buffer.from(encodePath(path)), Buffer.from([0])]),
    );
    const answer = await askGit(root, [...CAREFUL_GIT, 'check-ignore', '-z', '--stdin'], { input });
    if (answer.exitCode === 0) {
      for (const name of decodeNames(answer.stdout)) ignored.add(name.slice('./'.length));
    } else if (answer.exitCode !== 1) {
      if (answer.exitCode === null || answer.stderr.includes('not a git repository')) return new Set();
      // git gives up the whole list for one path that lies beyond a link or in a submodule: such a path is not ignored.
      const isAboutPath = /beyond a symbolic link|is in submodule/.test(answer.stderr);
      if (!isAboutPath)
        throw new WorkspaceError(`git check-ignore failed in ${root}: ${answer.stderr.split('\n')[0]}`);
      if (batch.length > 1) {
        const middle = Math.ceil(batch.length / 2);
        queue.push(batch.slice(0, middle), batch.slice(middle));
      }
    }
  }
  return ignored;
}
