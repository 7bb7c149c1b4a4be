import { diagnosticRenderer, type PlanResult } from '../../plan/index.js';
import { count } from '../../util/text/amounts.js';
import { type ColorFlags, colorWanted } from './terminal.js';

/** Prints what is wrong with a plan on standard error, for people. */
export function printDiagnostics(result: PlanResult, flags: ColorFlags): void {
  const diagnostics = result.ok ? result.warnings : result.diagnostics;
  if (diagnostics.length === 0) return;
  const color = colorWanted(flags, process.stderr);
  const render = diagnosticRenderer({ color, source: result.ok ? result.plan.text : result.text });
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  for (const diagnostic of diagnostics) process.stderr.write(`${render(diagnostic)}\n`);
  if (errors > 0) process.stderr.write(`${count(errors, 'problem')}; nothing was started\n`);
}
