import { lstatSync, readdirSync } from 'node:fs';
import { invalid } from '../errors.js';
import { decodeName, decodeNames, isReservedPath, joinRoot } from '../paths/path.js';
import { gitIfThere } from './git.js';
import { repositoryAbove } from './repository.js';

/** Never part of what people mean by "the files of a project". */
const LEFT_OUT = /(?:^|\/)node_modules(?:\/|$)/;

/** The files of a project: those that `listFiles` names and that are there, sorted. @throws ForgeError (2) as it does */
export async function projectFiles(root: string): Promise<string[]> {
  return (await listFiles(root)).filter((path) => isFile(root, path)).sort();
}

/**
 * Paths of the files of a working tree, relative to it, as `decodeName` writes them: what git tracks or would, where
 * there is git, otherwise what a walk finds; without .git, .forge and node_modules. Links are not followed. May name
 * files that were removed, and folders of other repositories: `isFile` tells.
 * @throws ForgeError (2) when git has a repository but cannot list it
 */
export async function listFiles(root: string): Promise<string[]> {
  const files = repositoryAbove(root) !== undefined ? await askGit(root) : undefined;
  return (files ?? walkFiles(root)).filter((path) => !isLeftOut(path));
}

/** Whether a regular file is at a path of a working tree now. */
export function isFile(root: string, path: string): boolean {
  return lstatSync(joinRoot(root, path), { throwIfNoEntry: false })?.isFile() === true;
}

/** Every file of a folder, whatever git says. */
export function walkFiles(root: string): string[] {
  const files: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = readdirSync(joinRoot(root, folder), { withFileTypes: true, encoding: 'buffer' });
    for (const entry of entries) {
      const path = folder + decodeName(entry.name as unknown as Buffer);
      if (isLeftOut(path)) continue;
      if (entry.isDirectory()) folders.push(`${path}/`);
      else if (entry.isFile()) files.push(path);
    }
  }
  return files;
}

function isLeftOut(path: string): boolean {
  return isReservedPath(path) || LEFT_OUT.test(path);
}

/** Nothing where there is no git program. */
async function askGit(root: string): Promise<string[] | undefined> {
  const listed = await gitIfThere(root, ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  if (listed === undefined) return undefined;
  if (listed.code === 0) return [...new Set(decodeNames(listed.stdout))];
  throw invalid(`git cannot list the files of ${root}: ${listed.stderr.split('\n')[0]}`);
}
