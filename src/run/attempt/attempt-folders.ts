import { lstatSync, readdirSync } from 'node:fs';
import { ForgeError } from '../../util/errors/forge-error.js';
import { unlessGone } from '../../util/errors/system-error.js';
import type { RunFolder } from '../store/run-folder.js';

/** Nine digits at most: what is longer was not named here. */
const NAME = /^attempt-([1-9]\d{0,8})$/;

/** Numbers of the kept attempts of a task, over all sessions of its run, oldest first: real folders only. */
export function keptAttempts(folder: RunFolder, task: string): number[] {
  return numbersIn(folder, task).filter((n) => lstatSync(folder.attempt(task, n)).isDirectory());
}

/**
 * The number of a task's next attempt: higher than every one that is there, so that nothing of an earlier session is
 * written over and the order of the numbers is the order of time. Whatever has such a name, folder or not, takes its
 * number. The caller holds the root's lock, and makes the folder.
 * @throws ForgeError where the numbers are used up.
 */
export function nextAttempt(folder: RunFolder, task: string): number {
  const last = numbersIn(folder, task).at(-1) ?? 0;
  if (NAME.test(`attempt-${last + 1}`)) return last + 1;
  throw new ForgeError(`forge never made ${folder.attempt(task, last)}; remove it`);
}

function numbersIn(folder: RunFolder, task: string): number[] {
  const names = unlessGone(() => readdirSync(folder.task(task))) ?? [];
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
