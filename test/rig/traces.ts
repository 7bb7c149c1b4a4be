import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Project } from './project.js';

/** The folder above a project, which holds everything of one test: its state folder, its TMPDIR, its counters. */
export const topOf = (here: Project): string => join(here.dir, '..');

/** The environment of the attacks: every temporary file and every process of a run can be told by the test's own folder. */
export function attackEnv(here: Project): Record<string, string> {
  return { TMPDIR: join(topOf(here), 'tmp'), COUNTER: join(topOf(here), 'counter'), ATTACK: topOf(here) };
}

/** Living processes that name the test's folder in their environment or on their command line, but for those of the test itself. */
export function processesOf(here: Project): { pid: number; command: string }[] {
  const top = topOf(here);
  const found: { pid: number; command: string }[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      if (/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))) continue;
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
      const environment = readFileSync(`/proc/${name}/environ`, 'latin1');
      if (`${command}\0${environment}`.includes(top)) found.push({ pid: Number(name), command });
    } catch {
      // Ended between the two readings.
    }
  }
  return found;
}

/** Waits until no process of the test is left; gives those that are still there after ten seconds. */
export async function survivors(here: Project): Promise<{ pid: number; command: string }[]> {
  for (const end = Date.now() + 10_000; ; ) {
    const left = processesOf(here);
    if (left.length === 0 || Date.now() > end) return left;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What forge left outside `.forge`: scratch in its state folder and in TMPDIR, files beside targets in the tree. */
export function leftovers(here: Project): string[] {
  const inTree = Object.keys(here.tree()).filter((path) => /(^|\/)\.forge-/.test(path));
  const temporary = list(join(topOf(here), 'tmp')).flatMap((own) => list(join(topOf(here), 'tmp', own)));
  return [...here.scratch(), ...temporary.filter((name) => name !== 'made-by-forge.json'), ...inTree];
}

/** The names in `.forge`, without those that belong there. */
export function leftInForge(here: Project): string[] {
  return list(here.path('.forge')).filter((name) => name !== 'runs' && name !== '.gitignore');
}

/** Whether the tree may be half merged now: only after the commit point, when `.forge/merging` is a file. */
export function isCommitted(here: Project): boolean {
  return lstatSync(here.path('.forge/merging'), { throwIfNoEntry: false })?.isFile() === true;
}

/** Lines of the counter file, sorted. */
export function counted(here: Project): string[] {
  try {
    return readFileSync(join(topOf(here), 'counter'), 'utf8')
      .trim()
      .split('\n')
      .sort();
  } catch {
    // No task has run yet.
    return [];
  }
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    // Not made yet.
    return [];
  }
}
