import { git, gitOk } from '../../util/git/git.js';
import { decodeNames, encodeNames } from '../../util/paths/path.js';

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
