import { git } from '../../util/git/git.js';

const LABELS = ['-L', 'working tree', '-L', 'start of run', '-L', 'task'];

/** The files of a three-way merge: three versions, and the result that it writes (see `git merge-file`). */
export interface ThreeFiles {
  theirs: string;
  base: string;
  ours: string;
  into: string;
}

/** Their names below a common prefix. */
export function threeFiles(prefix: string, ours = `${prefix}.ours`): ThreeFiles {
  return { theirs: `${prefix}.theirs`, base: `${prefix}.base`, ours, into: `${prefix}.merged` };
}

/**
 * Three-way merge of one file's contents by `git merge-file`, which needs no repository. Gives undefined when the result
 * was written, and the reason of the conflict otherwise.
 */
export async function threeWay(
  cwd: string,
  { theirs, base, ours, into }: ThreeFiles,
): Promise<string | undefined> {
  const args = ['merge-file', '-p', ...LABELS, '--', theirs, base, ours];
  const { code, stderr } = await git(cwd, args, { into });
  if (code === 0) return undefined;
  // git-merge-file(1): the number of conflicts (cut at 127), negative (255) on error.
  if (code < 128) return 'changed in the working tree and by the run in the same place';
  return /binary/i.test(stderr)
    ? 'a binary file changed both in the working tree and by the run'
    : `the two changes could not be merged (${stderr || `git merge-file: ${code}`})`;
}

/** Three-way merge of permission bits: each bit that one side changed is taken from that side; that can't conflict. */
export function threeWayMode(base: number, theirs: number, ours: number): number {
  return ((ours ^ base) | (theirs ^ base)) ^ base;
}
