import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { codeOf, ExitCode, invalid } from '../util/errors.js';
import { nearestName } from '../util/text/nearest-name.js';

/** A flag of the command line. `value` names what it takes; without it the flag is a switch. */
export interface Flag {
  short?: string;
  value?: string;
  /** May be given more than once. */
  multiple?: boolean;
  help: string;
}

/** What a command offers; its flags are added to COMMON_FLAGS. */
export interface CommandSpec<Flags extends Record<string, Flag>> {
  name: string;
  /** Words after the name, as in help: `[plan] [tasks...]`. */
  usage: string;
  /** How many words it takes at most (default: any number). */
  words?: number;
  summary: string;
  flags: Flags;
}

/** Flags that every command has. */
export const COMMON_FLAGS = {
  directory: { short: 'C', value: 'dir', help: 'act as if started in dir' },
  file: { short: 'f', value: 'file', help: 'the plan file (default: forge.plan.yaml or .yml)' },
  quiet: { short: 'q', help: 'say only what went wrong and the summary' },
  verbose: { short: 'v', help: 'show every line that tasks print' },
  json: { help: 'print JSON on standard output instead of text' },
  color: { help: 'colours even where standard output is not a terminal' },
  'no-color': { help: 'no colours (also: NO_COLOR)' },
  help: { short: 'h', help: 'show this help' },
} as const satisfies Record<string, Flag>;

type Value<F extends Flag> = F extends { value: string }
  ? F extends { multiple: true }
    ? string[]
    : string | undefined
  : boolean;

/** The values of a set of flags. */
export type Values<Flags extends Record<string, Flag>> = { [Name in keyof Flags]: Value<Flags[Name]> };

/**
 * A command, called with the words after its name: `execute` is what it does with its flags and other words, and resolves
 * with the exit code (default: 0). `--help` and too many words are dealt with here.
 */
export function command<Flags extends Record<string, Flag>>(
  spec: CommandSpec<Flags>,
  execute: (flags: Values<Flags & typeof COMMON_FLAGS>, words: string[]) => Promise<number | undefined>,
): (argv: readonly string[]) => Promise<number> {
  return async (argv) => {
    const { flags, words, help } = parseCommandLine(spec, argv);
    if (help) {
      process.stdout.write(commandHelp(spec));
      return ExitCode.ok;
    }
    const extra = words[spec.words ?? words.length];
    if (extra !== undefined)
      throw invalid(`forge ${spec.name} takes ${spec.usage || 'no words'}; ${extra} is too much`);
    requireCurrentFolder();
    return (await execute(flags, words)) ?? ExitCode.ok;
  };
}

/**
 * The values of the flags among the words after a command's name, and the other words. Changes the working directory for
 * `-C`.
 * @throws ForgeError (2) for what is not a flag of the command, naming the closest one
 */
function parseCommandLine<Flags extends Record<string, Flag>>(
  spec: CommandSpec<Flags>,
  argv: readonly string[],
): { flags: Values<Flags & typeof COMMON_FLAGS>; words: string[]; help: boolean } {
  const all: Record<string, Flag> = { ...COMMON_FLAGS, ...spec.flags };
  const options = Object.fromEntries(
    Object.entries(all).map(([name, { short, value, multiple = false }]) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const), multiple, ...(short && { short }) },
    ]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw invalid(explain(error as Error, Object.keys(all), spec.name));
  }
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(all)) {
    values[name] = parsed.values[name] ?? (flag.value ? (flag.multiple ? [] : undefined) : false);
  }
  if (typeof values.directory === 'string') changeDirectory(values.directory);
  return {
    flags: values as Values<Flags & typeof COMMON_FLAGS>,
    words: parsed.positionals,
    help: values.help === true,
  };
}

/** The help text of a command. */
function commandHelp(spec: CommandSpec<Record<string, Flag>>): string {
  const rows = Object.entries<Flag>({ ...spec.flags, ...COMMON_FLAGS }).map(([name, flag]) => {
    const short = flag.short ? `-${flag.short}, ` : '    ';
    return [`  ${short}--${name}${flag.value ? ` ${flag.value}` : ''}`, flag.help] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const flags = rows.map(([left, help]) => left.padEnd(width) + help).join('\n');
  return `usage: forge ${spec.name} ${spec.usage}\n\n${spec.summary}\n\n${flags}\n`;
}

function explain(error: Error, flags: readonly string[], command: string): string {
  const unknown = /Unknown option '(-{1,2}[^']+)'/.exec(error.message)?.[1];
  if (!unknown) return error.message.split('\n')[0]!.replace(/\. To specify.*$/, '');
  const meant = unknown.startsWith('--') ? nearestName(unknown.slice(2), flags) : undefined;
  const hint = meant ? `did you mean --${meant}?` : `see \`forge ${command} --help\``;
  return `forge ${command} has no flag ${unknown}; ${hint}`;
}

function changeDirectory(dir: string): void {
  try {
    process.chdir(dir);
  } catch (error) {
    throw invalid(`-C ${dir}: ${(error as Error).message.replace(/^E\w+: /, '').split(',')[0]}`);
  }
}

/** Every command needs a current folder with a path; node can't name one that is not UTF-8. */
function requireCurrentFolder(): void {
  let folder: string;
  try {
    folder = process.cwd();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw invalid(
      'the current folder is gone (removed, or made anew): change to one that is there, or name one with -C',
    );
  }
  if (folder.includes('\ufffd') && !existsSync(folder))
    throw invalid(
      `the path of this folder is not UTF-8 (${folder}), and forge works only where it is: rename the folder`,
    );
}
