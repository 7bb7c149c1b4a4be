import type { Area } from './areas.js';
import { describeLanguages, nameArea } from './describe.js';
import type { ProposedGate } from './proposed-gates.js';
import { projectName, type Survey } from './survey.js';
import { yamlList, yamlText } from './yaml-text.js';

/** The line by which `/forge-parallel` and people know a plan that nobody keeps by hand. */
export const REPLACEABLE =
  '# forge: may be replaced by /forge-parallel; delete this line once the plan is yours.';

// A plan's own variable; the tasks' prompts share it.
const GOAL = '${{ vars.goal }}';

/** Takes what was found; gives the text of a plan that `forge check` accepts and `forge apply` runs as it is. */
export function starterPlan(
  survey: Survey,
  areas: readonly Area[],
  gates: readonly ProposedGate[],
  schema: string,
): string {
  return `# yaml-language-server: $schema=${schema}
${REPLACEABLE}
#
# A starter plan, written by \`forge init\`. ${found(survey)}
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
${areas.map(taskText).join('\n')}
${gatesText(gates)}`;
}

function found(survey: Survey): string {
  const languages = describeLanguages(survey.packages);
  return languages === '' ? 'No code was found yet: the folders below are a guess.' : `Found: ${languages}.`;
}

function taskText(area: Area): string {
  const lines = [
    `  ${yamlText(area.id)}:`,
    `    description: ${yamlText(nameArea(area))}`,
    `    droid: ${area.specialist} # .factory/droids/${area.specialist}.md`,
    '    prompt: |',
    `      ${GOAL}`,
    '',
    `      ${TELL[area.specialist]} If there is nothing to do there, change nothing and say so.`,
    yamlList('owns', area.owns, '    '),
  ];
  if (area.needs.length > 0) lines.push(yamlList('needs', area.needs, '    '));
  else if (area.specialist === 'df-tester')
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
  const intro = `# Gates run on everything together before anything is merged; each must succeed.
`;
  if (gates.length === 0)
    return `${intro}# No test, lint or build command was found. For example:
#   gates:
#     - { name: tests, run: npm test }
gates: []
`;
  const lines = gates.map(
    ({ name, run, from }) => `  - { name: ${yamlText(name)}, run: ${yamlText(run)} } # ${from}`,
  );
  return `${intro}gates:\n${lines.join('\n')}\n`;
}
