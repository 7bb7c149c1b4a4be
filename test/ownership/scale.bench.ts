/**
 * How the ownership proof grows from 100 to 10,000 tasks. Run by `npx tsx test/ownership/scale.bench.ts`: one row per
 * plan and size, each measured in a process of its own so that peak memory is that of the proof alone.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findOverlaps, findReaders } from '../../src/ownership/index.js';

const SIZES = [100, 300, 1000, 2000, 5000, 10_000];

/** Plans of `n` tasks with 5 patterns each. */
const PLANS: Readonly<Record<string, { about: string; run: (n: number) => number }>> = {
  disjoint: {
    about: 'every task its own folders, sources and pages: nothing overlaps',
    run: (n) => findOverlaps(tasks(n, disjoint), { skip: () => false }).length,
  },
  wildcards: {
    about:
      'the same behind wildcards: packages/*/part-1/**, src/**/gen-1-*.ts, lib/**/*-1.css, …; nothing overlaps',
    run: (n) => findOverlaps(tasks(n, wildcards), { skip: () => false }).length,
  },
  'one clash': {
    about: 'disjoint, but the last task repeats a folder of the first',
    run: (n) => {
      const sets = tasks(n, disjoint);
      sets[n - 1] = [...sets[n - 1]!, 'src/module-0/**'];
      return findOverlaps(sets, { skip: () => false }).length;
    },
  },
  'all clash': {
    about: '**/*.{ts,tsx} in every task: all pairs overlap, the first 1,000 are given',
    run: (n) => findOverlaps(tasks(n, everywhere), { skip: () => false }).length,
  },
  ordered: {
    about: '**/*.{ts,tsx} in every task, but each task is ordered after the one before',
    run: (n) => findOverlaps(tasks(n, everywhere), { skip: () => true }).length,
  },
  readers: {
    about: 'every task reads what the next one owns: one edge each',
    run: (n) => {
      const sets = tasks(n, disjoint);
      const reads = sets.map((_, i) => [`src/module-${(i + 1) % n}/**`]);
      return findReaders(reads, sets, { skip: (a, b) => a === b }).length;
    },
  },
};

function tasks(n: number, patterns: (i: number) => string[]): string[][] {
  return Array.from({ length: n }, (_, i) => patterns(i));
}

function disjoint(i: number): string[] {
  return [
    `src/module-${i}/**`,
    `test/module-${i}/`,
    `packages/package-${i}/**/*.{ts,tsx}`,
    `docs/**/name-${i}-*.md`,
    `config/module-${i}.json`,
  ];
}

function wildcards(i: number): string[] {
  return [
    `packages/*/part-${i}/**`,
    `src/**/gen-${i}-*.ts`,
    `lib/**/*-${i}.css`,
    `docs/name-${i}-*/**/*.md`,
    `assets/*/icons-${i}/*.{svg,png}`,
  ];
}

function everywhere(i: number): string[] {
  return [...disjoint(i).slice(0, 4), '**/*.{ts,tsx}'];
}

function measure(plan: string, n: number): void {
  const start = performance.now();
  const found = PLANS[plan]!.run(n);
  const ms = performance.now() - start;
  const peak = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(JSON.stringify({ ms, peak, found }));
}

function table(): void {
  const script = fileURLToPath(import.meta.url);
  for (const [plan, { about }] of Object.entries(PLANS)) {
    process.stdout.write(`\n${plan}: ${about}\n`);
    process.stdout.write('   tasks    time ms   x before   peak MB   found\n');
    let before: number | undefined;
    for (const n of SIZES) {
      const args = [...process.execArgv, script, plan, String(n)];
      const { ms, peak, found } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as {
        ms: number;
        peak: number;
        found: number;
      };
      const growth = before === undefined ? '' : (ms / before).toFixed(1);
      before = ms;
      process.stdout.write(
        `${String(n).padStart(8)} ${ms.toFixed(0).padStart(10)} ${growth.padStart(10)} ${peak.toFixed(0).padStart(9)} ${String(found).padStart(7)}\n`,
      );
    }
  }
}

const [plan, n] = process.argv.slice(2);
if (plan === undefined) table();
else measure(plan, Number(n));
