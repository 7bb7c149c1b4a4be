import { type ChildProcess, spawn } from 'node:child_process';
import { resolve as resolvePath } from 'node:path';
import { MergeError } from '../../merge/merge-error.js';
import { codeOf } from '../errors/system-error.js';
import { CAREFUL_GIT, GIT_REDIRECTS, NO_PROGRAMS } from './careful-git.js';

/** What a git command gave. */
export interface GitResult {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** Careful, with a strict stat cache and paths as they are. */
const SAFE = [
  ...['-c', 'core.trustctime=true', '-c', 'core.checkStat=default'],
  ...['-c', 'core.quotePath=false'],
];

/**
 * Runs git plumbing in a folder. Takes arguments without `git`, and optionally bytes for standard input, variables,
 * or file descriptors for standard input and output. Resolves with any exit code; throws a MergeError when git is not there, or is killed.
 */
export function git(
  cwd: string,
  args: readonly string[],
  options: {
    input?: Buffer | string;
    stdinFd?: number;
    env?: Record<string, string>;
    stdoutFd?: number;
    /** Refuse, as git does by itself, a repository of another user that is not in `safe.directory`. */
    strict?: boolean;
  } = {},
): Promise<GitResult> {
  const env: NodeJS.ProcessEnv = {};
  for (const [key, value] of Object.entries(process.env)) if (!GIT_REDIRECTS.test(key)) env[key] = value;
  Object.assign(env, { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', ...options.env });
  return new Promise((resolve, reject) => {
    const notStarted = (error: Error) =>
      reject(new MergeError(`git could not be started in ${cwd}: ${error.message}`, { cause: error }));
    let child: ChildProcess;
    try {
      child = spawn('git', [...(options.strict ? NO_PROGRAMS : CAREFUL_GIT), ...SAFE, ...args], {
        cwd,
        env,
        stdio: [options.stdinFd ?? 'pipe', options.stdoutFd ?? 'pipe', 'pipe'],
        // Ctrl-C on the terminal is for forge, which lets git end what it is at.
        detached: true,
      });
    } catch (error) {
      // Some errors are emitted, others thrown (ENOTDIR, ELOOP).
      notStarted(error as Error);
      return;
    }
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    // EPIPE: git ended without reading everything; its exit code says why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
    child.on('error', notStarted);
    child.on('close', (code, signal) => {
      // Not an answer: who takes it for "no" commits what git ignores, or merges what it tracks.
      if (code === null)
        return reject(
          new MergeError(`git ${args.find((arg) => !arg.startsWith('-'))} was ended by ${signal} in ${cwd}`),
        );
      resolve({
        code,
        stdout: Buffer.concat(out),
        stderr: Buffer.concat(err).toString('utf8').trim(),
      });
    });
  });
}

/** Whether git itself trusts the repository of a folder: it is this user's, or named in `safe.directory`. */
export async function isTrusted(root: string): Promise<boolean> {
  return (await git(root, ['rev-parse', '--git-dir'], { strict: true })).code === 0;
}

/** Runs git like `git`, but throws a MergeError with git's own words when it fails. */
export async function gitOk(...args: Parameters<typeof git>): Promise<Buffer> {
  const { code, stdout, stderr } = await git(...args);
  if (code === 0) return stdout;
  throw new MergeError(`git ${args[1][0]} failed in ${args[0]}: ${stderr || `exit code ${code}`}`);
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
    if (CANNOT_RUN.includes(codeOf((error as Error).cause) ?? '')) return undefined;
    throw error;
  }
}

/** Where git keeps a file of the repository of a folder, absolute. */
export async function gitPath(root: string, name: string): Promise<string> {
  const told = await gitOk(root, ['rev-parse', '--git-path', name]);
  return resolvePath(root, told.toString().replace(/\n$/, ''));
}
