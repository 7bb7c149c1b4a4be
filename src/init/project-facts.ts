import type { Area, Specialist } from './areas.js';
import { describeLanguages, nameArea } from './describe.js';
import type { ProposedGate } from './proposed-gates.js';
import type { Survey } from './survey.js';

/** Everything that the installed texts say about the project. */
export interface ProjectFacts {
  survey: Survey;
  areas: readonly Area[];
  gates: readonly ProposedGate[];
  /** Path of the plan's schema, relative to the root. */
  schema: string;
}

/** Takes the name of an installed text (`df-backend`, `forge-parallel`); gives what it says about this project (Markdown). */
export function factsFor(name: string, facts: ProjectFacts): string {
  if (name === 'df-backend' || name === 'df-frontend' || name === 'df-tester' || name === 'df-doc')
    return specialistFacts(name, facts);
  if (name === 'df') return routes(facts);
  return overview(facts);
}

function specialistFacts(specialist: Specialist, facts: ProjectFacts): string {
  const mine = facts.areas.filter((area) => area.specialist === specialist);
  const lines = ['In this project (found by `forge init`):', ''];
  const packages = mine.flatMap((area) => area.packages);
  const languages = describeLanguages(packages.length > 0 ? packages : facts.survey.packages);
  if (languages !== '') lines.push(`- Languages, tools and frameworks: ${languages}`);
  if (mine.length === 0) lines.push('- No folder for this was found; your task says where it goes.');
  for (const area of mine) lines.push(`- You own, unless your task says otherwise: ${code(area.owns)}`);
  const others = facts.areas.filter((area) => area.specialist !== specialist);
  for (const area of others) lines.push(`- ${area.specialist} owns: ${code(area.owns)}`);
  lines.push(...checks(facts));
  return lines.join('\n');
}

function overview(facts: ProjectFacts): string {
  const languages = describeLanguages(facts.survey.packages);
  return [
    'In this project (found by `forge init`; trust the tree where they differ):',
    '',
    `- Languages, tools and frameworks: ${languages || 'no code yet'}`,
    ...facts.areas.map((area) => `- \`${area.specialist}\`: ${nameArea(area)}; owns ${code(area.owns)}`),
    ...checks(facts),
    '- Personas for `droid:`: `df-backend`, `df-frontend`, `df-tester`, `df-doc`',
    `- The plan's schema is \`${facts.schema}\`; for editors, the first line of a plan in the root is \`# yaml-language-server: $schema=${facts.schema}\``,
  ].join('\n');
}

function routes(facts: ProjectFacts): string {
  const all: readonly (readonly [Specialist, string])[] = [
    ['df-backend', 'servers, libraries, command line tools, data: everything that runs without a browser'],
    ['df-frontend', 'what people see: pages, components, styles'],
    ['df-tester', 'tests and test data'],
    ['df-doc', 'documentation'],
  ];
  const lines = all.map(([specialist, what]) => {
    const patterns = facts.areas.filter((area) => area.specialist === specialist).flatMap(({ owns }) => owns);
    return `- \`${specialist}\`: ${what}${patterns.length > 0 ? `; here ${code(patterns)}` : '; no folder of its own here yet'}`;
  });
  return [...lines, ...checks(facts)].join('\n');
}

function checks({ gates }: ProjectFacts): string[] {
  return gates.length === 0
    ? ['- No test, lint or build command was found.']
    : [`- Checks, run in the root: ${code(gates.map(({ run }) => run))}`];
}

function code(texts: readonly string[]): string {
  return texts.map((text) => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)).join(', ');
}
