import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { git, gitPath } from '../../util/git/git.js';
import { MergeError } from '../merge-error.js';
import type { RefUpdate } from '../transaction/merge-plan.js';

/** How long a git that is at work right now is waited for, in ms. */
const PATIENCE_MS = 2000;

/** A repository into which no commit can be made as it is now. What to do is in the message. */
export class CommitTargetError extends MergeError {}

/**
 * Checks that nobody holds the locks that moving the current branch and its index takes: git leaves them behind when it is
 * killed. Waits a moment for a git at work. With `update` it also asks git whether the ref is still the current branch and can
 * be moved now, by a transaction that is prepared and given up.
 * @throws CommitTargetError naming the file and what to do
 */
export async function checkCommitLocks(
  root: string,
  ref: string,
  update?: Pick<RefUpdate, 'ref' | 'old' | 'new'>,
): Promise<void> {
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

async function checkRefMoves(root: string, update: Pick<RefUpdate, 'ref' | 'old' | 'new'>): Promise<void> {
  const input = `start\nupdate ${update.ref} ${update.new} ${update.old}\nprepare\nabort\n`;
  const { code, stderr } = await git(root, ['update-ref', '--stdin'], { input });
  // git before 2.28 knows no transactions.
  if (code === 0 || /unknown command/.test(stderr)) return;
  throw new CommitTargetError(
    `--commit can't move ${update.ref}: ${stderr.replace(/^fatal: (prepare: )?/, '').split('\n')[0]}. Nothing was merged; put that right and run \`forge merge\` again.`,
  );
}
