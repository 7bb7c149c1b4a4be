import picomatch from 'picomatch/posix.js';

/**
 * forge's rules on top of picomatch, written a second time and as plainly as possible, with none of the code under
 * test: what a set of patterns claims, path by path.
 */
export function oracle(patterns: readonly string[], nocase = false): (path: string) => boolean {
  const adds: ((path: string) => boolean)[] = [];
  const subtracts: ((path: string) => boolean)[] = [];
  for (const pattern of patterns) {
    let glob = pattern;
    let subtract = false;
    while (glob.startsWith('!') && !/^!\((?!\?[!=<:])/.test(glob)) {
      glob = glob.slice(1);
      subtract = !subtract;
    }
    while (glob.startsWith('./')) glob = glob.slice(2);
    if (glob !== '') (subtract ? subtracts : adds).push(names(glob, nocase));
  }
  return (path) =>
    mayBeOwned(path) && adds.some((claims) => claims(path)) && !subtracts.some((claims) => claims(path));
}

/** What one pattern names, `!` and `./` already taken off. */
function names(glob: string, nocase: boolean): (path: string) => boolean {
  const match = picomatch(glob, { dot: true, nocase, flags: nocase ? 'si' : 's' });
  // picomatch takes a path that is spelled like the pattern; without case, "like" cannot depend on case.
  const matches = (path: string): boolean =>
    match(path) || (nocase && path.toUpperCase() === glob.toUpperCase());
  if (!glob.endsWith('/') && /[*?[\]{}()|]/.test(glob.replace(/\\./gs, ''))) return matches;
  return (path) => {
    if (matches(path)) return true;
    const segments = path.split('/');
    return segments.some((_, i) => {
      const folder = segments.slice(0, i).join('/');
      return folder !== '' && (matches(folder) || matches(`${folder}/`));
    });
  };
}

function mayBeOwned(path: string): boolean {
  const segments = path.toLowerCase().split('/');
  return !segments.some((name) => ['', '.', '..', '.git', '.forge'].includes(name));
}

/** Takes an alphabet and a length; gives every path of at most that length that a pattern may claim. */
export function shortPaths(alphabet: string, length: number): string[] {
  const paths: string[] = [];
  const grow = (path: string): void => {
    if (path !== '' && mayBeOwned(path)) paths.push(path);
    if (path.length < length) for (const char of alphabet) grow(path + char);
  };
  grow('');
  return paths;
}
