import { quotePathForShell } from '../util/text/quote-for-shell.js';
import { CHECK_KINDS, type Check, type CheckKind, type Package } from './package.js';
import type { Survey } from './survey.js';

/** A gate to propose: a command, run in the root, and where it was found. */
export interface ProposedGate {
  name: string;
  run: string;
  from: string;
}

/**
 * Takes what was found; gives the gates to propose, quickest kind first. A script of the root's package.json stands for
 * all JavaScript below it; a target of the root's makefile stands for everything; else every package has its own.
 */
export function proposeGates(survey: Survey): ProposedGate[] {
  const gates: ProposedGate[] = [];
  for (const kind of CHECK_KINDS) {
    const found = checksOf(kind, survey);
    for (const { owner, check } of found) {
      const run = owner.dir === '' ? check.run : `cd ${quotePathForShell(owner.dir)} && ${check.run}`;
      if (gates.some((gate) => gate.run === run)) continue;
      gates.push({ name: nameOf(kind, owner, found), run, from: check.from });
    }
  }
  return gates;
}

interface Found {
  owner: { dir: string; ecosystem?: string };
  check: Check;
}

function checksOf(kind: CheckKind, { packages, make }: Survey): Found[] {
  const script = packages
    .filter(({ dir, ecosystem }) => dir === '' && ecosystem === 'node')
    .flatMap((owner) =>
      owner.checks.filter((check) => check.kind === kind).map((check) => ({ owner, check })),
    )[0];
  const target = make[kind];
  if (target !== undefined && script === undefined)
    return [{ owner: { dir: '' }, check: { kind, run: target, from: 'Makefile' } }];
  return packages.flatMap((owner) => {
    const check = owner.checks.find((candidate) => candidate.kind === kind);
    const above = packages.find(
      (other) => other.ecosystem === owner.ecosystem && other.covers?.(owner.dir) && hasCheck(other, kind),
    );
    return check === undefined || above !== undefined ? [] : [{ owner, check }];
  });
}

function hasCheck(owner: Package, kind: CheckKind): boolean {
  return owner.checks.some((check) => check.kind === kind);
}

/** `tests` when there is one such gate; else the folder is named, and the language where a folder has two. */
function nameOf(kind: CheckKind, owner: Found['owner'], all: readonly Found[]): string {
  if (all.length === 1) return kind;
  const alone = all.filter((other) => other.owner.dir === owner.dir).length === 1;
  const place = owner.dir === '' ? (alone ? 'root' : '') : owner.dir;
  return `${kind}: ${[place, alone ? '' : owner.ecosystem].filter(Boolean).join(' ')}`;
}
