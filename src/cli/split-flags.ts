import { splitPlan } from '../plan-author/index.js';
import { invalid } from '../util/errors.js';
import type { Values } from './command-line.js';

/** Flags of `forge plan --split`. */
export const SPLIT_FLAGS = {
  split: { value: 'glob', multiple: true, help: 'divide the files that match; may be given more than once' },
  into: { value: 'n', help: 'how many tasks to make (with --split; default: 4)' },
  'prompt-file': { value: 'file', help: 'what each task is to do with its files (with --split)' },
  rename: {
    value: 'from=to',
    multiple: true,
    help: 'an ending that the tasks may change: .js=.ts (with --split)',
  },
  name: { value: 'id', help: 'what the task is called (with --split; default: work)' },
} as const;

type SplitValues = Values<typeof SPLIT_FLAGS> & { agent: string | undefined };

/** The text of the plan that the flags describe; undefined without `--split`. @throws ForgeError (2) */
export async function parseSplitPlan(
  flags: SplitValues,
  goal: string | undefined,
  readText: (file: string) => string,
): Promise<string | undefined> {
  if (flags.split.length === 0) {
    for (const name of ['into', 'prompt-file', 'rename', 'name'] as const) {
      if (flags[name]?.length) throw invalid(`--${name} needs --split`);
    }
    return undefined;
  }
  const into = flags.into ?? '4';
  if (!/^[1-9][0-9]{0,5}$/.test(into))
    throw invalid(`--into ${into}: the number of tasks is a whole number, 1 or more`);
  if (flags['prompt-file'] === undefined)
    throw invalid('--split needs --prompt-file: what is each task to do with its files?');
  const prompt = readText(flags['prompt-file']);
  if (prompt.trim() === '') throw invalid(`--prompt-file ${flags['prompt-file']} is empty`);
  return await splitPlan({
    name: flags.name ?? 'work',
    goal,
    files: flags.split,
    into: Number(into),
    rename: Object.fromEntries(flags.rename.map(parseRename)),
    prompt,
    agent: flags.agent,
  });
}

function parseRename(text: string): [string, string] {
  const match = /^([^=/]+)=([^=/]+)$/.exec(text);
  if (match === null) throw invalid(`--rename ${text}: write the endings as .js=.ts`);
  return [match[1]!, match[2]!];
}
