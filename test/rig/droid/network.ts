import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A network namespace that has loopback and nothing else. */
export interface LoopbackNetwork {
  /** Takes a command; gives the command that runs it in the namespace. */
  wrap(argv: readonly string[]): [string, ...string[]];
  close(): Promise<void>;
}

/**
 * Makes a network namespace with only loopback: what runs in it can reach what else runs in it and nobody else. A
 * process that reads our pipe keeps it alive, so it goes when the test goes, however the test ends. Needs util-linux
 * and iproute2; an ordinary user gets a user namespace with it. Throws with the tools' own words when that fails.
 */
export async function openLoopbackNetwork(): Promise<LoopbackNetwork> {
  const root = process.getuid?.() === 0;
  const holder = spawn(
    'unshare',
    [...(root ? ['-n'] : ['-Urn']), 'sh', '-c', 'ip link set lo up && echo ready && exec cat >/dev/null'],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let complaints = '';
  holder.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  // Either it says it is ready, or its output ends because it failed.
  const [ready] = (await Promise.race([once(holder.stdout, 'data'), once(holder.stdout, 'end')])) as [
    unknown,
  ];
  if (ready === undefined) throw new Error(`no network namespace: ${complaints.trim()}`);
  const target = ['-t', String(holder.pid)];
  const enter = root ? [...target, '-n'] : [...target, '-U', '-n', '--preserve-credentials'];
  return {
    wrap: (argv) => ['nsenter', ...enter, '--', ...argv],
    async close() {
      const ended = once(holder, 'exit');
      holder.stdin.end();
      await ended;
    },
  };
}
