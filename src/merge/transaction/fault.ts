const [, how, wanted] = /^(stop:)?(.*)$/.exec(process.env.FORGE_FAULT ?? '') ?? [];
const counts = new Map<string, number>();

/**
 * For tests only: FORGE_FAULT=name or name:n makes this process SIGKILL itself when it passes the point of that name (for
 * the nth time), so that tests can cut a merge short anywhere; with `stop:` before it, it stops there until SIGCONT.
 */
export function fault(name: string): void {
  if (wanted === '') return;
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  if (wanted === `${name}:${count}` || (wanted === name && count === 1))
    process.kill(process.pid, how === undefined ? 'SIGKILL' : 'SIGSTOP');
}
