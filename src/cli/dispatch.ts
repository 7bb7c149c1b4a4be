import packageJson from '../../package.json' with { type: 'json' };
import { ExitCode, ForgeError } from '../util/errors.js';
import { nearestName } from '../util/text/nearest-name.js';
import { complain } from './terminal/terminal.js';

/** A command's module: imported only when it is called, so that `forge --version` loads none. */
interface CommandModule {
  run(argv: readonly string[]): Promise<number>;
}

const COMMANDS: Record<string, { summary: string; load: () => Promise<CommandModule> }> = {
  apply: { summary: 'run a plan and merge what its tasks made', load: () => import('./commands/apply.js') },
  plan: { summary: 'have an agent write a plan for a goal', load: () => import('./commands/plan.js') },
  check: {
    summary: 'validate a plan and prove that its tasks cannot collide',
    load: () => import('./commands/check.js'),
  },
  init: {
    summary: 'set a project up: starter plan, slash commands, personas',
    load: () => import('./commands/init.js'),
  },
  status: { summary: 'show the state of a run', load: () => import('./commands/status.js') },
  logs: { summary: 'show what a task printed', load: () => import('./commands/logs.js') },
  diff: { summary: 'show what a run changes', load: () => import('./commands/diff.js') },
  resume: {
    summary: 'go on with a run that was interrupted or failed',
    load: () => import('./commands/resume.js'),
  },
  merge: { summary: 'merge a run that is waiting', load: () => import('./commands/merge.js') },
  abort: { summary: 'stop a run, or give up one that is waiting', load: () => import('./commands/abort.js') },
  ls: { summary: 'list the runs that are kept', load: () => import('./commands/ls.js') },
  clean: { summary: 'remove runs that are over', load: () => import('./commands/clean.js') },
};

/**
 * Runs one forge command (the words after `forge`) and resolves with the exit code. Errors meant for people are printed
 * here; what it throws is a bug.
 */
export async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = directoryLast(argv);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help());
    return name === undefined ? ExitCode.invalid : ExitCode.ok;
  }
  if (name === '--version' || name === '-V' || name === 'version') {
    process.stdout.write(`forge ${packageJson.version}\n`);
    return ExitCode.ok;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return refuse(unknownCommand(name), ExitCode.invalid);
  try {
    const module = await command.load();
    return await module.run(rest);
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === undefined) throw error;
    return refuse((error as Error).message, code);
  }
}

/** `forge -C dir ls`, as with make and git, is `forge ls -C dir`. */
function directoryLast(argv: readonly string[]): readonly string[] {
  let at = 0;
  while (argv[at] === '-C') at += 2;
  return at === 0 || argv[at] === undefined ? argv : [argv[at]!, ...argv.slice(0, at), ...argv.slice(at + 1)];
}

function refuse(message: string, code: number): number {
  complain(message);
  return code;
}

function unknownCommand(name: string): string {
  const meant = nearestName(name, Object.keys(COMMANDS));
  const hint = meant ? `did you mean \`forge ${meant}\`?` : 'see `forge --help`';
  return name.startsWith('-')
    ? `there is no flag ${name} here; ${hint}`
    : `there is no command ${name}; ${hint}`;
}

/** undefined = a bug. System errors (disk full, no permission) are the machine's, not ours. */
function exitCodeOf(error: unknown): ExitCode | undefined {
  if (error instanceof ForgeError) return error.exitCode;
  return error instanceof Error && 'syscall' in error ? ExitCode.failed : undefined;
}

function help(): string {
  const names = Object.keys(COMMANDS);
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const rows = names.map((name) => `  ${name.padEnd(width)}${COMMANDS[name]!.summary}`).join('\n');
  return `forge runs a plan of coding tasks in parallel, each in a private copy-on-write view of your working tree,
and merges all of it, behind your tests, or nothing.

usage: forge <command> [flags]

${rows}

\`forge <command> --help\` shows a command's flags. The plan is forge.plan.yaml unless you name another.
`;
}
