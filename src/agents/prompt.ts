import type { AttemptOutcome } from '../journal/index.js';
import { listed, shortened } from '../util/text/amounts.js';
import { fenced, fillTemplate } from '../util/text/markdown.js';

/** What every agent is told. `{{…}}` is filled in from PromptContext; nothing in the filled-in text is read again. */
const TEMPLATE = `# Task {{id}}

You are one of several agents that work on the same project at the same time, each on a task of its own. Your working directory is a private copy of the project: you don't see what the others are doing, and they don't see what you do. When every task is finished and every check has passed, all the work is put together.
{{goal}}
## What to do
{{description}}
{{prompt}}

## Files

{{owns}}
{{reads}}
Do not commit, switch branch or change git's settings. Nobody can answer questions: where something is open, decide sensibly and say so in your final answer.

## The other tasks

{{others}}

## How your work is checked

{{checks}}
{{previous}}`;

/** How many other tasks are described one by one. */
const MOST_OTHERS = 40;
/** How many patterns of each are listed: a part of a split owns one for every file. */
const MOST_PATTERNS = 12;

/** Another task of the plan and where it stands. */
export interface OtherTask {
  id: string;
  description?: string;
  owns: readonly string[];
  state: 'running' | 'waiting' | 'finished';
}

/** How the attempt before this one ended. */
export interface PreviousAttempt {
  outcome: AttemptOutcome;
  reason?: string;
  exitCode?: number | null;
  strays?: readonly string[];
  /** The last lines that `verify` printed. */
  verifyOutput?: string;
}

/** Everything the prompt is made of, as plain data. Texts of the user's are put in as they are. */
export interface PromptContext {
  goal?: string;
  id: string;
  description?: string;
  prompt: string;
  owns: readonly string[];
  reads: readonly string[];
  others: readonly OtherTask[];
  verify?: string;
  gates: readonly { name: string; run: string }[];
  /** Set from the second attempt on. */
  previous?: PreviousAttempt;
}

/** The whole prompt for a task's agent (Markdown). */
export function renderPrompt(context: PromptContext): string {
  return fillTemplate(TEMPLATE, {
    id: context.id,
    goal: context.goal ? `\nThe goal of all of them together: ${context.goal}\n` : '',
    description: context.description ? `\n${context.description}\n` : '',
    prompt: context.prompt.trimEnd(),
    owns: whatItOwns(context.owns),
    reads: context.reads.length > 0 ? `\nYou will want to read: ${inline(context.reads)}.\n` : '',
    others: whatOthersDo(context.others),
    checks: howItIsChecked(context),
    previous: context.previous ? whatWentWrong(context.previous) : '',
  });
}

function whatItOwns(owns: readonly string[]): string {
  if (owns.length === 0)
    return 'You own nothing: this task is for finding out, and **must not create, change or delete any file**. Your final answer is its result.';
  return [
    'You may create, change and delete only files that match these patterns (relative to the working directory; `!` takes away):',
    '',
    bullets(owns),
    '',
    'Read anything you like. A change to any other file fails your task, also when a command makes it; files that git ignores (build output, caches) are dropped without harm.',
  ].join('\n');
}

function whatOthersDo(others: readonly OtherTask[]): string {
  if (others.length === 0) return 'There are none: you work alone.';
  const order = { running: 0, waiting: 1, finished: 2 } as const;
  const sorted = [...others].sort((a, b) => order[a.state] - order[b.state]);
  const lines = sorted.map(({ id, description, owns, state }) => {
    const about = description ? `: ${description}` : '';
    return `- ${id} (${state})${about}; owns ${inline(owns, MOST_PATTERNS) || 'nothing'}`;
  });
  return `Their files are theirs alone:\n\n${shortened(lines, MOST_OTHERS, (more) => `- and ${more} more`).join('\n')}`;
}

function howItIsChecked({ verify, gates }: PromptContext): string {
  const checks = ['- Every path you changed is compared with what you own.'];
  if (verify !== undefined) {
    checks.push(`- This command runs in your working directory and must succeed:\n\n${fenced(verify)}\n`);
  }
  if (gates.length > 0) {
    checks.push('- When all the work has been put together, these must succeed on it:\n');
    for (const { name, run } of gates) checks.push(`  - ${name}: \`${run.trim().split('\n').join('; ')}\``);
  }
  return checks.join('\n');
}

function whatWentWrong(previous: PreviousAttempt): string {
  const parts = [
    '\n## What went wrong last time\n',
    `You are trying again: an attempt at this task did not succeed, and its changes were thrown away. ${sentence(previous)}`,
  ];
  if (previous.strays?.length)
    parts.push(`\nPaths it changed without owning them:\n\n${bullets(previous.strays)}`);
  if (previous.verifyOutput?.trim())
    parts.push(`\nThe last lines of the check:\n\n${fenced(previous.verifyOutput)}`);
  return `${parts.join('\n')}\n`;
}

/** How the attempt before ended; `%` is where its reason goes. */
const ENDINGS: Readonly<Record<AttemptOutcome, string>> = {
  strays: 'It changed files that this task does not own%.',
  verify: 'The command that checks this task failed%.',
  timeout: 'It ran out of time%; find a shorter way.',
  exit: 'The agent ended with an error%.',
  'rate-limited': "The model's provider refused more requests%; nothing was wrong with the work.",
  cancelled: 'It was interrupted%.',
  error: 'It could not be run or collected%.',
  succeeded: 'What it made could not be used%.',
};

function sentence({ outcome, reason, exitCode }: PreviousAttempt): string {
  const code = outcome === 'exit' && exitCode !== undefined ? `exit code ${exitCode}` : '';
  const because = reason || code;
  return ENDINGS[outcome].replace('%', () => because && ` (${because})`);
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- \`${line}\``).join('\n');
}

function inline(patterns: readonly string[], most = patterns.length): string {
  const quoted = patterns.map((pattern) => `\`${pattern}\``);
  return listed(quoted, most);
}
