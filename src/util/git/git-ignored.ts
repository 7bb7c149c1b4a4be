import { decodeNames, encodeNames } from '../paths/path-bytes.js';
import { GitError, gitIfThere } from './git.js';

/**
 * Which paths (relative to root) git ignores, by the rules of the working tree itself (never those of a workspace,
 * where a task may have changed them) and never a tracked one. Empty where root is in no repository.
 * @throws GitError where git cannot answer
 */
export async function gitIgnored(root: string, paths: readonly string[]): Promise<Set<string>> {
  const ignored = new Set<string>();
  const queue: (readonly string[])[] = paths.length === 0 ? [] : [paths];
  for (let batch = queue.pop(); batch !== undefined; batch = queue.pop()) {
    // The "./" keeps a name that starts with ":" from being read as pathspec magic.
    const input = encodeNames(batch.map((path) => `./${path}`));
    const answer = await gitIfThere(root, ['check-ignore', '-z', '--stdin'], { input });
    if (answer === undefined) return new Set();
    const { code, stdout, stderr } = answer;
    if (code === 0) for (const name of decodeNames(stdout)) ignored.add(name.slice('./'.length));
    if (code === 0 || code === 1) continue;
    if (stderr.includes('not a git repository')) return new Set();
    // git gives up the whole list for one path that lies beyond a link or in a submodule: such a path is not ignored.
    if (!/beyond a symbolic link|is in submodule/.test(stderr))
      throw new GitError(`git check-ignore failed in ${root}: ${stderr.split('\n')[0]}`);
    const middle = Math.ceil(batch.length / 2);
    if (batch.length > 1) queue.push(batch.slice(0, middle), batch.slice(middle));
  }
  return ignored;
}
