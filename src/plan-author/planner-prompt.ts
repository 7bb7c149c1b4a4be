import type { PersonaEntry } from '../agents/index.js';
import { fenced, fillTemplate } from '../util/text/markdown.js';

/** What the agent is told. `{{…}}` is filled in from PlannerContext; nothing in the filled-in text is read again. */
const TEMPLATE = `# Write a plan

Break the goal below into tasks that several agents carry out at the same time, and write them as a plan for forge. Read as much of the project as you need; change nothing, run nothing. Nobody can answer questions: where something is open, decide, and say so in the prompts.

## Goal

{{goal}}

## The project

Your working directory. Its files (git ignores the others):

\`\`\`
{{map}}\`\`\`
{{checks}}
{{specialists}}
## How a plan is written

\`\`\`yaml
version: 1
goal: One sentence that every agent is told
tasks:
  backend:                        # the id: lower-case letters, digits, . _ -
    description: A few words on what it is
    {{droid}}prompt: |
      Everything its agent has to know: what to make, where, and what it shares with other tasks (routes, names,
      types, file names). It does not see the other prompts.
    owns: [src/api/**, src/middleware/auth.js]
    verify: npm test -- api       # optional: a command that must succeed in its workspace, after its work
    estimate: 10m                 # how long you expect it to take
  docs:
    description: The page about the API
    prompt: Describe the API that src/api offers in docs/api.md.
    owns: [docs/api.md]
    reads: [src/api/**]           # runs after the task that owns these files, and sees its result
    estimate: 5m
gates:                            # commands that must succeed on all the work put together
  - { name: tests, run: npm test }
\`\`\`

- A task has \`prompt\` (for an agent) or \`run\` (a shell command), never both.
- \`owns\`: what the task may create, change or delete: globs relative to the working directory, with \`/\`. \`!pattern\` takes away. A change to anything else fails the task.
- **No two tasks may be able to write the same path**, whether or not the file exists, unless one waits for the other (\`needs: [id]\`, or by \`reads\`). Cut along folders. Give a file that several parts would change (a manifest, a route table, shared types) to one task.
- Order costs time: use \`needs\` and \`reads\` only where a task has to see another's result. Where two tasks only have to agree on something, settle it now and write it into both prompts.
- Other keys of a task: \`timeout: 30m\`, \`retries: 1\`, \`locks: [database]\` (resources outside the tree that two tasks must not use at once), \`env\`.
- Many files that all need the same done: one task with \`split: { files: "src/**/*.js", into: 4, rename: { .js: .ts } }\` (rename is optional) becomes 4 tasks; write \`\${{ split.files }}\` in its prompt and \`owns: ["\${{ split.owns }}"]\`.
- Few tasks that are worth several minutes each are better than many small ones.
- Gates are commands that the project has today. Leave them out if there are none.
- No other keys exist. Put text with \`: \`, \`#\` or a leading \`*\`, \`!\`, \`{\`, \`[\`, \`@\` in quotes. \`\${{\` begins a variable; write \`$\${{\` for the characters.

## Your answer

The whole plan in one \`\`\`yaml block, and nothing after it.
{{previous}}`;

/** Everything the prompt is made of. Texts are put in as they are. */
export interface PlannerContext {
  goal: string;
  /** Of the working tree, from `repoMap`. */
  map: string;
  /** Commands that check the project, as far as they were found out. */
  checks: readonly { name: string; run: string }[];
  personas: readonly PersonaEntry[];
  /** The plan of the round before and what is wrong with it. */
  previous?: { text: string; problems: string };
}

/** The whole prompt for the agent that writes the plan (Markdown). */
export function renderPlannerPrompt({ goal, map, checks, personas, previous }: PlannerContext): string {
  const commands = checks.map(({ name, run }) => `- ${name}: \`${run}\``).join('\n');
  const roles = personas
    .map(({ name, description }) => `- ${name}${description && `: ${description}`}`)
    .join('\n');
  return fillTemplate(TEMPLATE, {
    goal: goal.trim(),
    map,
    checks: commands && `\nCommands that check it, as its files suggest:\n\n${commands}\n`,
    specialists: roles && `Specialists that a task can be given to with \`droid: NAME\`:\n\n${roles}\n`,
    droid: personas.length === 0 ? '' : `droid: ${personas[0]!.name}\n    `,
    previous: previous === undefined ? '' : whatWasWrong(previous),
  });
}

function whatWasWrong({ text, problems }: { text: string; problems: string }): string {
  return `
## Your plan so far

You wrote this plan, and forge refused it. Repair what is wrong, keep the rest, and answer with the whole plan.

${fenced(text, 'yaml')}

What is wrong with it (line:column):

${fenced(problems)}
`;
}
