import { execFileSync, spawnSync } from 'node:child_process';

/** One line of the report: ours against a rival, measured in turn in the same run. */
export interface Figure {
  what: string;
  ours: string;
  rival: string;
  /** Ours divided by the rival's, or the other way round where `better` says so. */
  ratio: number;
  target: string;
  met: boolean;
}

/** Runs `ours` and `rival` in turn, once to warm up and then `runs` times; gives the medians in milliseconds. */
export function inTurn(runs: number, ours: () => void, rival: () => void): { ours: number; rival: number } {
  const times: { ours: number[]; rival: number[] } = { ours: [], rival: [] };
  for (let run = 0; run <= runs; run += 1) {
    for (const [name, action] of [
      ['ours', ours],
      ['rival', rival],
    ] as const) {
      const began = performance.now();
      action();
      if (run > 0) times[name].push(performance.now() - began);
    }
  }
  return { ours: median(times.ours), rival: median(times.rival) };
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
  return execFileSync(command, args, { encoding: 'utf8', ...(cwd && { cwd }) });
}

/** Milliseconds for people. */
export function ms(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value)} ms`;
}

/** The report as a Markdown table. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ what, ours, rival, ratio, target, met }) =>
      `| ${what} | ${ours} | ${rival} | ${ratio.toFixed(2)} | ${target} | ${met ? 'yes' : '**no**'} |`,
  );
  return ['| what | forge | rival | ratio | target | met |', '|---|---|---|---|---|---|', ...rows].join('\n');
}
