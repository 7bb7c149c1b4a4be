import { existsSync } from 'node:fs';
import { git, gitPath, isTrusted, repositoryPrefix } from '../../util/git/git.js';
import { ancestorsOf } from '../../util/paths/relative-path.js';
import { CommitTargetError, checkCommitLocks } from './commit-locks.js';

/** What git leaves in its folder while it is in the middle of something. */
const MIDWAY = ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'rebase-merge', 'rebase-apply'];

/** Where commits go. */
export interface CommitTarget {
  /** Full name of the ref to move or create. */
  ref: string;
  /** The commit they start from. */
  head: string;
}

/**
 * Checks, before anything runs, that `--branch NAME` or (without `branch`) `--commit` can work in root's repository.
 * @throws CommitTargetError that says what to do: no repository, no commit yet, no identity, a bad or existing branch name,
 * a detached HEAD, a merge in progress, a lock of git's that is held or was left behind.
 */
export async function checkCommitTarget(root: string, branch?: string): Promise<CommitTarget> {
  const flag = branch === undefined ? '--commit' : '--branch';
  const ask = async (...args: string[]) => {
    const { code, stdout, stderr } = await git(root, args);
    return { ok: code === 0, text: stdout.toString().trim(), stderr };
  };
  if ((await repositoryPrefix(root)) === undefined)
    throw new CommitTargetError(
      `${flag} needs a git repository, and ${root} is in none. Run without it, or git init.`,
    );
  if (!(await isTrusted(root)))
    throw new CommitTargetError(
      `${flag} would run what this repository is set up to run (filters), and git does not trust it, as it belongs to another user. If you do: git config --global --add safe.directory ${root}`,
    );
  const head = await ask('rev-parse', '-q', '--verify', 'HEAD^{commit}');
  if (!head.ok)
    throw new CommitTargetError(
      `${flag} needs a commit to start from, and this repository has none yet. Make one first.`,
    );
  for (const who of ['GIT_AUTHOR_IDENT', 'GIT_COMMITTER_IDENT']) {
    const identity = await ask('var', who);
    if (!identity.ok) {
      throw new CommitTargetError(
        `${flag} makes commits, and git does not know who you are (${lastLine(identity.stderr)}). Set it: git config user.name "Your Name"; git config user.email you@example.com`,
      );
    }
  }
  if (branch !== undefined) return { ref: await checkNewBranch(branch, ask), head: head.text };

  const current = await ask('symbolic-ref', '-q', 'HEAD');
  if (!current.ok)
    throw new CommitTargetError(
      '--commit needs a branch, and HEAD is detached. git switch to one, or use --branch NAME.',
    );
  const paths = await Promise.all(MIDWAY.map((name) => gitPath(root, name)));
  const midway = paths.findIndex((path) => existsSync(path));
  if (midway !== -1)
    throw new CommitTargetError(
      `--commit can't work in the middle of a git operation (${MIDWAY[midway]}). Finish it first, or use --branch NAME.`,
    );
  const unmerged = await ask('ls-files', '-u');
  if (unmerged.text !== '')
    throw new CommitTargetError(
      '--commit needs an index without unmerged paths. Resolve them first, or use --branch NAME.',
    );
  await checkCommitLocks(root, current.text);
  return { ref: current.text, head: head.text };
}

type Ask = (...args: string[]) => Promise<{ ok: boolean; text: string }>;

async function checkNewBranch(branch: string, ask: Ask): Promise<string> {
  const name = JSON.stringify(branch);
  const ref = `refs/heads/${branch}`;
  // `--branch` also refuses what is a valid ref but can't be a branch name (a leading dash); `@{-1}` it would expand.
  const valid = await ask('check-ref-format', '--branch', branch);
  if (!valid.ok || valid.text !== branch)
    throw new CommitTargetError(`--branch ${name}: git does not take this as the name of a branch.`);
  const taken = await ask('for-each-ref', '--format=%(refname)', ref);
  if (taken.text !== '')
    throw new CommitTargetError(
      `--branch ${name}: ${taken.text.split('\n')[0]} exists already. Choose a new name.`,
    );
  // The first two are `refs` and `refs/heads`.
  for (const above of ancestorsOf(ref).slice(2)) {
    if ((await ask('rev-parse', '-q', '--verify', above)).ok)
      throw new CommitTargetError(
        `--branch ${name}: the branch ${above} exists, so there can't be one below it. Choose another name.`,
      );
  }
  return ref;
}

function lastLine(text: string): string {
  return text.split('\n').at(-1) ?? text;
}
