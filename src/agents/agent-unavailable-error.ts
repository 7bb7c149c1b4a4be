import { ExitCode } from '../util/errors/exit-code.js';
import { ForgeError } from '../util/errors/forge-error.js';

/** The agent of some tasks cannot run (no program, no persona, wrong settings); found before anything starts. Exit code 2. */
export class AgentUnavailableError extends ForgeError {
  override name = 'AgentUnavailableError';
  constructor(
    message: string,
    /** Ids of the tasks that need it. */
    readonly tasks: readonly string[],
  ) {
    super(message, ExitCode.invalid);
  }
}

/** Takes task ids; gives them for a sentence: `task a`, `tasks a, b and 3 more`. */
export function nameTasks(ids: readonly string[]): string {
  if (ids.length === 1) return `task ${ids[0]}`;
  const shown = ids.slice(0, 5).join(', ');
  return ids.length > 5 ? `tasks ${shown} and ${ids.length - 5} more` : `tasks ${shown}`;
}
