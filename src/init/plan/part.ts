import { escapeGlob } from '../../util/paths/glob-escape.js';
import type { Package } from '../survey/package.js';

/** The pattern of all that lies in a folder. */
export function allIn(folder: string): string {
  return `${escapeGlob(folder)}/**`;
}

/** Code that one task is to own, before tests and the code of others are cut out of it. */
export interface Part {
  id: string;
  role: 'frontend' | 'backend';
  packages: readonly Package[];
  /** Folders and files, for people. */
  places: string[];
  /** Patterns of its code. */
  claims: string[];
  /** Patterns of tests that lie in it. */
  tests: string[];
  /** Patterns of what lies in it and belongs to another part. */
  carved: string[];
  /** It has code in the root itself, so it also gets the manifests there. */
  keepsRoot: boolean;
}

export function emptyPart(id: string, role: Part['role'], packages: readonly Package[]): Part {
  return { id, role, packages, places: [], claims: [], tests: [], carved: [], keepsRoot: false };
}

/** Gives a folder to a part, with the patterns of the tests that lie in it. */
export function addFolder(part: Part, folder: string, tests: readonly string[]): void {
  part.places.push(folder);
  part.claims.push(allIn(folder));
  part.tests.push(...tests);
}
