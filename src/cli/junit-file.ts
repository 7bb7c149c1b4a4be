import { accessSync, closeSync, constants, existsSync, openSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { invalid, reasonOf } from '../util/errors.js';
import { complain } from './terminal/terminal.js';

/**
 * Makes sure that a report can be written at the end, without making the file: it may lie in the tree that tasks see.
 * @throws ForgeError (2)
 */
export function checkJunitFile(file: string): void {
  try {
    if (existsSync(file)) closeSync(openSync(file, constants.O_WRONLY | constants.O_NONBLOCK));
    else checkFolder(dirname(file));
  } catch (error) {
    throw invalid(`--junit ${file}: ${reasonOf(error, REASONS)}; nothing was started`);
  }
}

/** Writes the report of a run that is over. That it cannot be written is told, and changes nothing about the run. */
export function writeJunitFile(file: string, xml: string): void {
  try {
    writeFileSync(file, xml);
  } catch (error) {
    complain(`--junit ${file}: the report was not written: ${reasonOf(error, REASONS)}`);
  }
}

function checkFolder(folder: string): void {
  if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
  accessSync(folder, constants.W_OK | constants.X_OK);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'what should be its folder is none',
  EISDIR: 'it is a folder',
  ENXIO: 'nobody reads from it',
};
