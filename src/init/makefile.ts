import type { CheckKind } from './package.js';

/** Names of a makefile, in the order in which GNU make looks for one. */
export const MAKEFILES = ['GNUmakefile', 'makefile', 'Makefile'];

/** Targets that stand for a check, the usual first. `check` is what GNU packages call their tests. */
const TARGETS: Readonly<Record<CheckKind, readonly string[]>> = {
  lint: ['lint'],
  types: ['typecheck', 'type-check', 'types'],
  tests: ['test', 'tests', 'check'],
  build: ['build'],
};

/** Takes a makefile's text; gives the command for each kind of check that it has a target for. */
export function makeChecks(text: string): Partial<Record<CheckKind, string>> {
  const targets = new Set<string>();
  for (const [, names] of text.matchAll(/^([A-Za-z0-9][\w ./-]*?)\s*::?(?![=:])/gm))
    for (const name of names!.split(/\s+/)) targets.add(name);
  const found: Partial<Record<CheckKind, string>> = {};
  for (const [kind, names] of Object.entries(TARGETS) as [CheckKind, readonly string[]][]) {
    const target = names.find((name) => targets.has(name));
    if (target) found[kind] = `make ${target}`;
  }
  return found;
}
