import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { invalid } from '../util/errors.js';

const DEFAULT_NAMES = ['forge.plan.yaml', 'forge.plan.yml'];

/**
 * The plan's absolute path and the task names in `forge apply [plan] [tasks...]`: the first word is a plan when it ends in
 * .yaml or .yml, has a slash, or is a file.
 * @throws ForgeError (2) when there is no plan
 */
export function planAndTasks(
  file: string | undefined,
  words: readonly string[],
): { file: string; tasks: string[] } {
  const [first, ...rest] = words;
  if (file !== undefined) return { file: existing(file), tasks: [...words] };
  if (first !== undefined && looksLikeFile(first)) return { file: existing(first), tasks: rest };
  const found = defaultPlan();
  if (found === undefined)
    throw invalid(
      `there is no ${DEFAULT_NAMES.join(' or ')} in ${process.cwd()}; name a plan: \`forge apply path/to/plan.yaml\``,
    );
  return { file: found, tasks: [...words] };
}

/** The default plan of the current folder, if there is one. */
export function defaultPlan(): string | undefined {
  return DEFAULT_NAMES.map((name) => resolve(name)).find((path) => existsSync(path));
}

/** The variables of `--var name=value` flags. @throws ForgeError (2) */
export function parseVars(flags: readonly string[]): Record<string, string> {
  const vars: Record<string, string> = Object.create(null);
  for (const flag of flags) {
    const at = flag.indexOf('=');
    if (at <= 0) throw invalid(`--var ${flag}: write it as --var name=value`);
    vars[flag.slice(0, at)] = flag.slice(at + 1);
  }
  return { ...vars };
}

function looksLikeFile(word: string): boolean {
  return /\.ya?ml$/i.test(word) || word.includes('/') || (existsSync(word) && statSync(word).isFile());
}

function existing(file: string): string {
  if (existsSync(file)) return resolve(file);
  const why = file.includes('\ufffd') ? ' (forge takes only names that are UTF-8)' : '';
  throw invalid(`there is no plan file ${file}${why}`);
}
