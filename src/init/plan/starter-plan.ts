import { basename } from 'node:path';
import type { ProposedGate } from './gate-proposal.js';
import type { ProposedTask } from './ownership-proposal.js';
import { describeLanguages, describeTask, type ProjectFacts } from './project-facts.js';

/** The line by which `/forge-parallel` and people know a plan that nobody keeps by hand. */
export const REPLACEABLE =
  '# forge: may be replaced by /forge-parallel; delete this line once the plan is yours.';

// A plan's own variable; the tasks' prompts share it.
const GOAL = '${{ vars.goal }}';

/** The text of a plan for a project, which `forge check` accepts and `forge apply` runs as it is. */
export function starterPlan({ survey, tasks, gates, schema }: ProjectFacts): string {
  const languages = describeLanguages(survey.packages);
  return `# yaml-language-server: $schema=${schema}
${REPLACEABLE}
#
# A starter plan, written by \`forge init\`. ${languages ? `Found: ${languages}.` : 'No code was found yet: the folders below are a guess.'}
#
#   forge check                                   is it valid, can two tasks touch the same file?
#   forge apply -n                                what would run, in which order
#   forge apply --var goal="Add user accounts"    run it: one droid for each part, at the same time
#
# Each task gets a private copy of the tree and may change only what it owns. Nothing is merged unless every task and
# every gate succeeds.
version: 1
name: ${yamlText(projectName(survey.root))}
goal: "${GOAL}"
vars:
  # What all tasks work towards. Write it here, or give it on the command line with --var goal="...".
  goal: Find one small, real weakness in your part of the project and repair it
concurrency: 4
agents:
  droid: { auto: medium } # \`model: NAME\` chooses the model; a persona's own model wins
defaults: { agent: droid, timeout: 30m, retries: 1 }

# Tasks run at the same time unless one \`needs\` or \`reads\` what another makes. Add, remove and rename them freely.
tasks:
${tasks.map(taskText).join('\n')}
${gatesText(gates)}`;
}

function taskText(task: ProposedTask): string {
  const lines = [
    `  ${yamlText(task.id)}:`,
    `    description: ${yamlText(describeTask(task))}`,
    `    droid: ${task.persona} # .factory/droids/${task.persona}.md`,
    '    prompt: |',
    `      ${GOAL}`,
    '',
    `      ${TELL[task.persona]} If there is nothing to do there, change nothing and say so.`,
    yamlList('owns', task.owns),
  ];
  if (task.needs.length > 0) lines.push(yamlList('needs', task.needs));
  else if (task.persona === 'df-tester')
    lines.push('    # needs: [...]   # to run after the tasks it names, and see what they made');
  return `${lines.join('\n')}\n`;
}

const TELL = {
  'df-backend': 'Do what belongs into this part.',
  'df-frontend': 'Do what people will see of it, in this part.',
  'df-tester': 'Write or improve the tests that show it.',
  'df-doc': 'Bring the documentation up to date with it.',
} as const;

function gatesText(gates: readonly ProposedGate[]): string {
  const lines = gates.map(
    ({ name, run, from }) => `  - { name: ${yamlText(name)}, run: ${yamlText(run)} } # ${from}`,
  );
  const list =
    lines.length > 0
      ? `gates:\n${lines.join('\n')}`
      : `# No test, lint or build command was found. For example:
#   gates:
#     - { name: tests, run: npm test }
gates: []`;
  return `# Gates run on everything together before anything is merged; each must succeed.\n${list}\n`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: replacing them is the point
const NOT_IN_A_NAME = /[\u0000-\u001f\u007f-\u009f\ufffd\u2028\u2029]|\$\{\{/g;

/** What people call the project: the name of its folder, without what a plan's name may not hold. */
function projectName(root: string): string {
  return basename(root).replace(NOT_IN_A_NAME, '-').trim() || 'project';
}

/** Text as a YAML scalar that reads back as the same text, plain where that is safe, in a list in brackets too. */
function yamlText(text: string): string {
  const plain =
    /^[A-Za-z][A-Za-z0-9_./*-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  // YAML's double quotes take all that JSON's can hold.
  return plain ? text : JSON.stringify(text);
}

/** A key of a task with a list: `key: [a, b]` where that is short, else one item to a line. */
function yamlList(key: string, items: readonly string[]): string {
  const inline = `    ${key}: [${items.map(yamlText).join(', ')}]`;
  if (inline.length <= 110) return inline;
  return [`    ${key}:`, ...items.map((item) => `      - ${yamlText(item)}`)].join('\n');
}
