import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { git, gitPath, isTrusted, repositoryPrefix } from '../../util/git/git.js';
import { ancestorsOf } from '../../util/paths/path.js';
import { MergeError } from '../merge-error.js';
import type { RefUpdate } from '../merge-plan.js';

/** How long a git that is at work right now is waited for, in ms. */
const PATIENCE_MS = 2000;
/** What git leaves in its folder while it is in the middle of something. */
const MIDWAY = ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'rebase-merge', 'rebase-apply'];

/** A repository into which no commit can be made as it is now. What to do is in the message. */
export class CommitTargetError extends MergeError {}

/**
 * Checks, before anything runs, that `--branch NAME` or (without `branch`) `--commit` can work in root's repository. Gives
 * the full name of the ref to move or make, and the commit from which that starts.
 * @throws CommitTargetError that says what to do: no repository, no commit yet, no identity, a bad or existing branch name,
 * a detached HEAD, a merge in progress, a lock of git's that is held or was left behind.
 */
export async function checkCommitTarget(
  root: string,
  branch?: string,
): Promise<{ ref: string; head: string }> {
  const flag = branch === undefined ? '--commit' : '--branch';
  const ask = async (...args: string[]) => {
    const { code, stdout, stderr } = await git(root, args);
    return { ok: code === 0, text: stdout.toString().trim(), stderr };
  };
  const refusal = (why: string) => new CommitTargetError(`${flag} ${why}`);
  if ((await repositoryPrefix(root)) === undefined)
    throw refusal(`needs a git repository, and ${root} is in none. Run without it, or git init.`);
  if (!(await isTrusted(root)))
    throw refusal(
      `would run what this repository is set up to run (filters), and git does not trust it, as it belongs to another user. If you do: git config --global --add safe.directory ${root}`,
    );
  const head = await ask('rev-parse', '-q', '--verify', 'HEAD^{commit}');
  if (!head.ok)
    throw refusal('needs a commit to start from, and this repository has none yet. Make one first.');
  for (const who of ['GIT_AUTHOR_IDENT', 'GIT_COMMITTER_IDENT']) {
    const identity = await ask('var', who);
    if (!identity.ok) {
      throw refusal(
        `makes commits, and git does not know who you are (${identity.stderr.split('\n').at(-1)}). Set it: git config user.name "Your Name"; git config user.email you@example.com`,
      );
    }
  }
  if (branch !== undefined) return { ref: await checkNewBranch(branch, ask), head: head.text };

  const current = await ask('symbolic-ref', '-q', 'HEAD');
  if (!current.ok)
    throw refusal('needs a branch, and HEAD is detached. git switch to one, or use --branch NAME.');
  const paths = await Promise.all(MIDWAY.map((name) => gitPath(root, name)));
  const midway = paths.findIndex((path) => existsSync(path));
  if (midway !== -1)
    throw refusal(
      `can't work in the middle of a git operation (${MIDWAY[midway]}). Finish it first, or use --branch NAME.`,
    );
  const unmerged = await ask('ls-files', '-u');
  if (unmerged.text !== '')
    throw refusal('needs an index without unmerged paths. Resolve them first, or use --branch NAME.');
  await checkCommitLocks(root, current.text);
  return { ref: current.text, head: head.text };
}

type Ask = (...args: string[]) => Promise<{ ok: boolean; text: string }>;

async function checkNewBranch(branch: string, ask: Ask): Promise<string> {
  const refusal = (why: string) => new CommitTargetError(`--branch ${JSON.stringify(branch)}: ${why}`);
  const ref = `refs/heads/${branch}`;
  // `--branch` also refuses what is a valid ref but can't be a branch name (a leading dash); `@{-1}` it would expand.
  const valid = await ask('check-ref-format', '--branch', branch);
  if (!valid.ok || valid.text !== branch) throw refusal('git does not take this as the name of a branch.');
  const taken = await ask('for-each-ref', '--format=%(refname)', ref);
  if (taken.text !== '') throw refusal(`${taken.text.split('\n')[0]} exists already. Choose a new name.`);
  // The first two are `refs` and `refs/heads`.
  for (const above of ancestorsOf(ref).slice(2)) {
    if ((await ask('rev-parse', '-q', '--verify', above)).ok)
      throw refusal(`the branch ${above} exists, so there can't be one below it. Choose another name.`);
  }
  return ref;
}

/**
 * Checks that nobody holds the locks that moving the current branch and its index takes: git leaves them behind when it is
 * killed. Waits a moment for a git at work. With `update` it also asks git whether the ref is still the current branch and can
 * be moved now, by a transaction that is prepared and given up.
 * @throws CommitTargetError naming the file and what to do
 */
export async function checkCommitLocks(root: string, ref: string, update?: RefUpdate): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  const names = ['index.lock', 'HEAD.lock', `${ref}.lock`];
  const locks = await Promise.all(names.map((name) => gitPath(root, name)));
  for (;;) {
    const held = locks.find((lock) => existsSync(lock));
    if (held === undefined) break;
    if (Date.now() >= deadline)
      throw new CommitTargetError(
        `--commit can't move the branch: ${held} is there, so another git is at work, or one was killed. Wait for it to end; if none is running, rm ${held}, or use --branch NAME.`,
      );
    await new Promise((done) => setTimeout(done, 50));
  }
  await checkIndexFolder(locks[0]!);
  if (update === undefined) return;
  const head = (await git(root, ['symbolic-ref', '-q', 'HEAD'])).stdout.toString().trim();
  if (head !== ref)
    throw new CommitTargetError(
      `--commit was to move ${ref}, but HEAD is ${head === '' ? 'detached' : head} by now. Nothing was merged; switch back, or see what \`forge merge\` can do there.`,
    );
  await checkRefMoves(root, update);
}

async function checkIndexFolder(lock: string): Promise<void> {
  try {
    await access(dirname(lock), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new CommitTargetError(
      `--commit can't update git's index: ${dirname(lock)} can't be written (${(error as Error).message.split(',')[0]}). Give yourself write access, or run without --commit.`,
      { cause: error },
    );
  }
}

async function checkRefMoves(root: string, update: RefUpdate): Promise<void> {
  const input = `start\nupdate ${update.ref} ${update.new} ${update.old}\nprepare\nabort\n`;
  const { code, stderr } = await git(root, ['update-ref', '--stdin'], { input });
  // git before 2.28 knows no transactions.
  if (code === 0 || /unknown command/.test(stderr)) return;
  throw new CommitTargetError(
    `--commit can't move ${update.ref}: ${stderr.replace(/^fatal: (prepare: )?/, '').split('\n')[0]}. Nothing was merged; put that right and run \`forge merge\` again.`,
  );
}
