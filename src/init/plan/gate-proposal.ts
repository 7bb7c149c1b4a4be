import { findProgram } from '../../util/process/find-program.js';
import { quotePathForShell } from '../../util/text/quote-for-shell.js';
import { CHECK_KINDS, type Check, type CheckKind, type Package } from '../survey/package.js';
import type { Survey } from '../survey/survey.js';

/** A gate to propose: a command, run in the root, and where it was found. */
export interface ProposedGate {
  name: string;
  run: string;
  from: string;
}

/** A check and the folder in which it runs. */
interface Found {
  check: Check;
  dir: string;
  ecosystem?: string;
}

/**
 * The gates to propose, quickest kind first. A script of the root's package.json stands for all JavaScript below it; a
 * target of the root's makefile stands for everything; else every package has its own.
 */
export function proposeGates(survey: Survey): ProposedGate[] {
  const gates: ProposedGate[] = [];
  for (const kind of CHECK_KINDS) {
    const all = checksOf(kind, survey);
    for (const found of all) {
      const { dir, check } = found;
      const run = dir === '' ? check.run : `cd ${quotePathForShell(dir)} && ${check.run}`;
      if (gates.some((gate) => gate.run === run)) continue;
      gates.push({ name: gateName(found, all), run, from: check.from });
    }
  }
  return gates;
}

function checksOf(kind: CheckKind, { packages, make }: Survey): Found[] {
  const checkOf = ({ checks }: Package) => checks.find((check) => check.kind === kind);
  const script = packages.some((each) => each.dir === '' && each.ecosystem === 'node' && checkOf(each));
  const target = make[kind];
  if (target !== undefined && !script) return [{ dir: '', check: { kind, run: target, from: 'Makefile' } }];
  return packages.flatMap((each) => {
    const { dir, ecosystem } = each;
    const check = checkOf(each);
    const isCovered = packages.some(
      (other) => other.ecosystem === ecosystem && other.covers?.(dir) && checkOf(other),
    );
    return check === undefined || isCovered ? [] : [{ check, dir, ecosystem }];
  });
}

/** `tests` when there is one such gate; else the folder is named, and the language where a folder has two. */
function gateName({ check, dir, ecosystem }: Found, all: readonly Found[]): string {
  if (all.length === 1) return check.kind;
  const alone = all.filter((other) => other.dir === dir).length === 1;
  const place = dir === '' && alone ? 'root' : dir;
  return `${check.kind}: ${[place, alone ? '' : ecosystem].filter(Boolean).join(' ')}`;
}

/** The programs that gates call and that are not on PATH, each once. */
export function missingPrograms(gates: readonly ProposedGate[], path: string): string[] {
  const programs = new Set(gates.map(({ run }) => programOf(run)));
  return [...programs].filter((program) => findProgram(program, path, '/') === undefined);
}

/** The first word of the last command, settings of variables aside: `cd web && CI=true npm test` calls npm. */
function programOf(run: string): string {
  return run
    .split(' && ')
    .at(-1)!
    .replace(/^(?:[A-Z_]+=\S* )*(\S+).*$/, '$1');
}
