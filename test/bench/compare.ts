import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One line of the report: ours against a rival, measured in turn in the same run. */
export interface Figure {
  what: string;
  ours: string;
  rival: string;
  /** Ours divided by the rival's, or the other way round where the target says "at least"; absent where the rival could not be run. */
  ratio?: number;
  target: string;
  /** Absent where there is no target. */
  met?: boolean;
}

/** Milliseconds of one run: on the clock, and of both cores together (0 where the system does not tell). */
export interface Took {
  wall: number;
  cpu: number;
}

/** Medians of actions that are run in turn, so that whatever else the machine does meets all of them: once to warm up and then `runs` times. */
export function inTurn<Name extends string>(
  runs: number,
  actions: Readonly<Record<Name, () => void>>,
): Record<Name, Took> {
  const names = Object.keys(actions) as Name[];
  const times = new Map<Name, Took[]>(names.map((name) => [name, []]));
  for (let run = 0; run <= runs; run += 1) {
    for (const name of names) {
      const [began, cpu] = [performance.now(), childrenCpu()];
      actions[name]();
      if (run > 0) times.get(name)!.push({ wall: performance.now() - began, cpu: childrenCpu() - cpu });
    }
  }
  return Object.fromEntries(
    names.map((name) => {
      const all = times.get(name)!;
      return [name, { wall: median(all.map(({ wall }) => wall)), cpu: median(all.map(({ cpu }) => cpu)) }];
    }),
  ) as Record<Name, Took>;
}

/** Milliseconds that ended children and their children have used (proc(5), /proc/PID/stat: cutime and cstime, in ticks of 10 ms). */
function childrenCpu(): number {
  if (process.platform !== 'linux') return 0;
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Runs a program to its end; throws with its output when it fails. */
export function must(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): void {
  const done = spawnSync(command, args, { ...options, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${done.stdout}${done.stderr}${done.error ?? ''}`);
}

/** The output of a program. */
export function outputOf(command: string, args: readonly string[], cwd?: string): string {
  return execFileSync(command, args, { encoding: 'utf8', cwd });
}

/** Milliseconds for people. */
export function ms(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value)} ms`;
}

/** The report as a Markdown table. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, ours, rival, ratio, target, met }) => {
    const verdict = met === undefined ? '' : met ? 'yes' : '**no**';
    return `| ${what} | ${ours} | ${rival} | ${ratio?.toFixed(2) ?? ''} | ${target} | ${verdict} |`;
  });
  return ['| what | forge | rival | ratio | target | met |', '|---|---|---|---|---|---|', ...rows].join('\n');
}
