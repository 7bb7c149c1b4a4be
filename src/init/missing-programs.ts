import { delimiter, join } from 'node:path';
import { isExecutable } from '../util/process/is-executable.js';
import type { ProposedGate } from './proposed-gates.js';

/** Takes gates and a PATH; gives the programs that they call and that are not on it, each once. */
export function missingPrograms(gates: readonly ProposedGate[], searchPath: string): string[] {
  const folders = searchPath.split(delimiter);
  const programs = new Set(gates.map(({ run }) => programOf(run)));
  return [...programs].filter(
    (program) => program !== undefined && !folders.some((folder) => isExecutable(join(folder, program))),
  ) as string[];
}

/** The first word of the last command, settings of variables aside: `cd web && CI=true npm test` calls npm. */
function programOf(run: string): string | undefined {
  const words = run.split(' && ').at(-1)!.split(' ');
  return words.find((word) => !/^[A-Z_]+=/.test(word));
}
