import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { ForgeError } from '../forge-error.js';
import type { RunFolder } from './run-folder.js';

/** Nine digits at most: what is longer was not named here. */
const NAME = /^attempt-([1-9]\d{0,8})$/;

/** Numbers of the kept attempts of a task, over all sessions of its run, oldest first: real folders only. */
export function keptAttempts(folder: RunFolder, task: string): number[] {
  return numbersIn(folder, task).filter((n) => lstatSync(folder.attempt(task, n)).isDirectory());
}

/**
 * Makes the folder of a task's next attempt and gives its number: higher than every one that is there, so that nothing
 * of an earlier session is written over and the order of the numbers is the order of time.
 * @throws ForgeError where the names are used up, and what making a folder throws.
 */
export function makeAttempt(folder: RunFolder, task: string): number {
  mkdirSync(folder.task(task), { recursive: true });
  // Whatever has such a name, folder or not, takes its number.
  const next = (numbersIn(folder, task).at(-1) ?? 0) + 1;
  if (!NAME.test(`attempt-${next}`))
    throw new ForgeError(`${folder.task(task)} holds attempt-${next - 1}, which forge never made; remove it`);
  mkdirSync(folder.attempt(task, next));
  return next;
}

function numbersIn(folder: RunFolder, task: string): number[] {
  let names: string[];
  try {
    names = readdirSync(folder.task(task));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
