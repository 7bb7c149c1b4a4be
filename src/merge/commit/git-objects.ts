import { type GitOptions, git, gitOk, gitText } from '../../util/git/git.js';
import { decodeNames, encodeNames } from '../../util/paths/path.js';

/** Stores contents in a repository's object database, as `git add` would for the paths they belong to. */
export class GitObjects {
  constructor(
    readonly root: string,
    /** Paths (relative to root) whose attributes or settings ask for a conversion on the way into git. */
    private readonly converted: ReadonlySet<string>,
  ) {}

  /** Stores the content of a file (`from`, absolute) or bytes, for a path or as they are; gives the blob's id. @throws GitError */
  store(content: Pick<GitOptions, 'from' | 'input'>, path = ''): Promise<string> {
    const how = this.converted.has(path) ? ['--path', path] : ['--no-filters'];
    return gitText(this.root, ['hash-object', '-w', '-t', 'blob', ...how, '--stdin'], content);
  }

  /** Stores many files as they are with one git process; those that need a conversion, or whose names can't be listed line by line, one by one. Gives blob ids by path. */
  async storeAll(files: readonly { path: string; blob: string }[]): Promise<Map<string, string>> {
    const stored = new Map<string, string>();
    const listable = files.filter(
      ({ path, blob }) => !this.converted.has(path) && !/[\n"\ud800-\udfff]/.test(blob),
    );
    if (listable.length > 0) {
      const input = listable.map(({ blob }) => `${blob}\n`).join('');
      const args = ['hash-object', '-w', '--no-filters', '--stdin-paths'];
      const ids = (await gitText(this.root, args, { input })).split('\n');
      for (const [i, { path }] of listable.entries()) stored.set(path, ids[i]!);
    }
    for (const { path, blob } of files)
      if (!stored.has(path)) stored.set(path, await this.store({ from: blob }, path));
    return stored;
  }

  /** Writes a blob to a file. */
  async write(oid: string, into: string): Promise<void> {
    await gitOk(this.root, ['cat-file', 'blob', oid], { into });
  }
}

const ATTRIBUTES = ['text', 'crlf', 'eol', 'filter', 'ident', 'working-tree-encoding'];

/**
 * The paths (relative to root) whose bytes in the working tree may differ from git's blob: core.autocrlf is on, or
 * an attribute asks for a conversion (gitattributes(5), "Checking-out and checking-in"). @throws GitError
 */
export async function convertedPaths(root: string, paths: readonly string[]): Promise<Set<string>> {
  if (paths.length === 0) return new Set();
  const autocrlf = await git(root, ['config', '--get', 'core.autocrlf']);
  if (autocrlf.code === 0 && !/^(false|no|off|0)?\s*$/i.test(autocrlf.stdout.toString()))
    return new Set(paths);
  const told = decodeNames(
    await gitOk(root, ['check-attr', '-z', '--stdin', ...ATTRIBUTES], { input: encodeNames(paths) }),
  );
  const converted = new Set<string>();
  for (let i = 0; i + 2 < told.length; i += 3) {
    const [path, attribute, value] = [told[i]!, told[i + 1]!, told[i + 2]!];
    const harmless = value === 'unspecified' || (value === 'unset' && attribute !== 'eol');
    if (!harmless) converted.add(path);
  }
  return converted;
}
