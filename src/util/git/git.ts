import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, resolve as resolvePath } from 'node:path';
import { ForgeError, hasCode } from '../errors.js';
import { decodeName, decodeNames, encodeNames } from '../paths/path.js';
import { run } from '../process/run-program.js';
import { gitFoldersOf } from './repository.js';

/*
 * The one way in which forge runs git, and its policy:
 *
 * Environment: how git is configured is the business of whoever started forge, and stays (GIT_CONFIG_*, the identity,
 * tracing, where to look for repositories). What points git at another repository or index than that of the folder,
 * or makes it read paths in another way, is dropped (GIT_REDIRECTS). Messages come in English, nobody is asked for a
 * password, and no lock is taken for the sake of speed.
 *
 * Configuration: a repository runs no program of its own while forge looks at it (fsmonitor, hooks), and its stat
 * cache is as strict as it can be. One of another user is read all the same (root in somebody's folder, a bind
 * mount): whose files they are decides nothing about what a run may merge. Filters (gitattributes(5)) can't be turned
 * off like that: what may run them is for repositories that git itself trusts (`isTrusted`).
 *
 * A git that was killed has given no answer: who takes it for "no" commits what git ignores, or merges what it tracks.
 */

/** Variables that point git at another repository or index than the one of its folder (git sets some in hooks and aliases). */
export const GIT_REDIRECTS =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX|GRAFT_FILE|SHALLOW_FILE|(LITERAL|GLOB|NOGLOB|ICASE)_PATHSPECS|EXTERNAL_DIFF)$/;

const ANY_OWNER = ['-c', 'safe.directory=*'];
const CAREFUL = [
  ...['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'],
  ...['-c', 'core.trustctime=true', '-c', 'core.checkStat=default'],
];

/** git could not be started, was killed, or failed where it must not. */
export class GitError extends ForgeError {}

/** What a git command gave. */
export interface GitResult {
  code: number;
  stdout: Buffer;
  stderr: string;
}

export interface GitOptions {
  input?: Buffer | string;
  /** A file to read as standard input, or one to write standard output to (for this user alone); not both. */
  from?: string | Buffer;
  into?: string;
  /** More variables. */
  env?: Readonly<Record<string, string>>;
  /** Refuse, as git does by itself, a repository of another user that is not in `safe.directory`. */
  strict?: boolean;
}

/**
 * Runs git in a folder, arguments without `git`. Any exit code is an answer.
 * @throws GitError when git can't be started or is killed
 */
export async function git(
  cwd: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitResult> {
  const { input, from, into, strict } = options;
  const inherited = Object.entries(process.env).filter(([name]) => !GIT_REDIRECTS.test(name));
  const env = {
    ...Object.fromEntries(inherited),
    ...{ GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    ...options.env,
  };
  const all = [...(strict ? [] : ANY_OWNER), ...CAREFUL, ...args];
  const file = from ? await open(from, 'r') : into ? await open(into, 'w', 0o600) : undefined;
  const fds = { [from ? 'stdin' : 'stdout']: file?.fd };
  const outcome = run('git', all, { cwd, env, input, fds }).finally(() => file?.close());
  const { exitCode, signal, stdout, stderr, notStarted } = await outcome;
  if (notStarted !== undefined)
    throw new GitError(`git could not be started in ${cwd}: ${stderr}`, undefined, { cause: notStarted });
  if (exitCode !== null) return { code: exitCode, stdout, stderr };
  throw new GitError(`git ${args.find((arg) => !arg.startsWith('-'))} was ended by ${signal} in ${cwd}`);
}

/**
 * The same where git's standard output is all that counts.
 * @throws GitError with git's own words also when it fails
 */
export async function gitOk(...args: Parameters<typeof git>): Promise<Buffer> {
  const { code, stdout, stderr } = await git(...args);
  if (code === 0) return stdout;
  throw new GitError(`git ${args[1][0]} failed in ${args[0]}: ${stderr || `exit code ${code}`}`);
}

/** The same as text, without the white space around it. */
export async function gitText(...args: Parameters<typeof git>): Promise<string> {
  return (await gitOk(...args)).toString().trim();
}

/**
 * How the system says that a program is not there, or not for this user to run, or that the same holds for the folder
 * to run it in: spawn doesn't tell which.
 */
const CANNOT_RUN = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'];

/** As `git`; undefined where there is no git program, or no folder, that this user may use. */
export async function gitIfThere(...args: Parameters<typeof git>): Promise<GitResult | undefined> {
  try {
    return await git(...args);
  } catch (error) {
    if (error instanceof GitError && hasCode(error.cause, ...CANNOT_RUN)) return undefined;
    throw error;
  }
}

/** Whether git itself trusts the repository of a folder: it is this user's, or named in `safe.directory`. */
export async function isTrusted(root: string): Promise<boolean> {
  return (await gitIfThere(root, ['rev-parse', '--git-dir'], { strict: true }))?.code === 0;
}

/** Where git keeps a file of the repository of a folder, absolute. @throws GitError */
export async function gitPath(root: string, name: string): Promise<string> {
  const told = await gitOk(root, ['rev-parse', '--git-path', name]);
  return resolvePath(root, told.toString().replace(/\n$/, ''));
}

/** The path of a folder inside its git working tree ('' or ending in `/`), undefined when it is in none. */
export async function repositoryPrefix(root: string): Promise<string | undefined> {
  const inside = await gitIfThere(root, ['rev-parse', '--is-inside-work-tree', '--show-prefix']);
  if (inside === undefined || inside.code !== 0) return undefined;
  const text = decodeName(inside.stdout);
  return text.startsWith('true\n') ? text.slice(5).replace(/\n$/, '') : undefined;
}

/**
 * Whether git tracks a path of a folder, or anything below it (or has a submodule or link in its place).
 * @throws GitError where git can't say
 */
export async function isTracked(root: string, path: string): Promise<boolean> {
  if (!mayBeTracked(root, path)) return false;
  // Without a git program, or a repository, there is nothing that could track it.
  if (!existsSync(`${root}/.git`) && (await repositoryPrefix(root)) === undefined) return false;
  const listed = await gitIfThere(root, ['ls-files', '-z', '--', path]);
  if (listed === undefined) return false;
  if (listed.code === 0) return listed.stdout.length > 0;
  // A `.git` that is no repository tracks nothing.
  if (listed.stderr.includes('not a git repository')) return false;
  throw new GitError(`git can't say whether it tracks ${root}/${path}: ${listed.stderr}`);
}

/**
 * Whether git may track something at, below or beside a folder with such a name in its path. False is certain, and costs
 * no process: versions 2 and 3 of the index have every path as it is (gitformat-index(5)). True says: ask git.
 */
export function mayBeTracked(folder: string, name: string): boolean {
  try {
    for (let top = folder; ; top = dirname(top)) {
      const hasGit = lstatSync(join(top, '.git'), { throwIfNoEntry: false }) !== undefined;
      if (hasGit && mayBeInIndex(top, name)) return true;
      if (dirname(top) === top) return false;
    }
  } catch {
    // What forge can't read, git may.
    return true;
  }
}

function mayBeInIndex(top: string, name: string): boolean {
  const folders = gitFoldersOf(top);
  if (folders === undefined) return true;
  const file = join(folders.gitDir, 'index');
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  // Reading a FIFO would wait for a writer.
  if (!stats.isFile() || isSplit(folders.gitDir) || isSplit(folders.commonDir)) return true;
  const index = readFileSync(file);
  const version = index.length < 12 ? 0 : index.readUInt32BE(4);
  return (version !== 2 && version !== 3) || index.includes(name);
}

/** Whether the index may lie in two files (`core.splitIndex`). */
function isSplit(gitFolder: string): boolean {
  return readdirSync(gitFolder).some((entry) => entry.startsWith('sharedindex.'));
}

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

/**
 * Changes one setting in a config file of git's (absolute path); without a value it is taken away. Without a git program
 * nothing is done: then no git command can go wrong either.
 * @throws GitError with git's words
 */
export async function setGitConfig(file: string, key: string, value?: string): Promise<void> {
  const change = value === undefined ? ['--unset-all', key] : [key, value];
  // Not in a repository: git would look for its worktree.
  const answer = await gitIfThere('/', ['config', '--file', file, ...change]);
  const wasUnset = value === undefined && answer?.code === 5;
  if (answer !== undefined && answer.code !== 0 && !wasUnset)
    throw new GitError(`cannot change ${file}: ${answer.stderr.split('\n')[0]}`);
}
