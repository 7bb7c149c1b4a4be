import { listed } from '../../util/text/amounts.js';
import type { Package } from '../survey/package.js';
import type { Survey } from '../survey/survey.js';
import type { ProposedGate } from './gate-proposal.js';
import type { ProposedTask, TaskPersona } from './ownership-proposal.js';

/** Everything that the installed texts say about the project. */
export interface ProjectFacts {
  survey: Survey;
  tasks: readonly ProposedTask[];
  gates: readonly ProposedGate[];
  /** Path of the plan's schema, relative to the root. */
  schema: string;
}

/** What each persona is for. */
const ROLES: Readonly<Record<TaskPersona, string>> = {
  'df-backend': 'servers, libraries, command line tools, data: everything that runs without a browser',
  'df-frontend': 'what people see: pages, components, styles',
  'df-tester': 'tests and test data',
  'df-doc': 'documentation',
};

/** What an installed text (`df-backend`, `forge-parallel`) says about this project (Markdown). */
export function factsFor(name: string, facts: ProjectFacts): string {
  if (Object.hasOwn(ROLES, name)) return personaFacts(name as TaskPersona, facts);
  return name === 'df' ? routes(facts) : overview(facts);
}

function personaFacts(persona: TaskPersona, { survey, tasks, gates }: ProjectFacts): string {
  const mine = tasks.filter((task) => task.persona === persona);
  const packages = mine.flatMap((task) => task.packages);
  const languages = describeLanguages(packages.length > 0 ? packages : survey.packages);
  return [
    'In this project (found by `forge init`):',
    '',
    ...(languages === '' ? [] : [`- Languages, tools and frameworks: ${languages}`]),
    ...(mine.length > 0 ? [] : ['- No folder for this was found; your task says where it goes.']),
    ...mine.map(({ owns }) => `- You own, unless your task says otherwise: ${code(owns)}`),
    ...tasks
      .filter((task) => task.persona !== persona)
      .map((task) => `- ${task.persona} owns: ${code(task.owns)}`),
    checks(gates),
  ].join('\n');
}

function overview({ survey, tasks, gates, schema }: ProjectFacts): string {
  return [
    'In this project (found by `forge init`; trust the tree where they differ):',
    '',
    `- Languages, tools and frameworks: ${describeLanguages(survey.packages) || 'no code yet'}`,
    ...tasks.map((task) => `- \`${task.persona}\`: ${describeTask(task)}; owns ${code(task.owns)}`),
    checks(gates),
    '- Personas for `droid:`: `df-backend`, `df-frontend`, `df-tester`, `df-doc`',
    `- The plan's schema is \`${schema}\`; for editors, the first line of a plan in the root is \`# yaml-language-server: $schema=${schema}\``,
  ].join('\n');
}

function routes({ tasks, gates }: ProjectFacts): string {
  const lines = Object.entries(ROLES).map(([persona, role]) => {
    const patterns = tasks.filter((task) => task.persona === persona).flatMap(({ owns }) => owns);
    const where = patterns.length > 0 ? `here ${code(patterns)}` : 'no folder of its own here yet';
    return `- \`${persona}\`: ${role}; ${where}`;
  });
  return [...lines, checks(gates)].join('\n');
}

function checks(gates: readonly ProposedGate[]): string {
  return gates.length === 0
    ? '- No test, lint or build command was found.'
    : `- Checks, run in the root: ${code(gates.map(({ run }) => run))}`;
}

function code(texts: readonly string[]): string {
  return texts.map((text) => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)).join(', ');
}

/** `TypeScript (npm; React, Express), Python (uv; FastAPI)`; '' when there are no packages. */
export function describeLanguages(packages: readonly Package[]): string {
  const languages = new Set(packages.map(({ language }) => language));
  return Array.from(languages, (language) => {
    const same = packages.filter((found) => found.language === language);
    const managers = new Set(same.flatMap(({ manager }) => manager ?? []));
    const frameworks = new Set(same.flatMap((found) => found.frameworks));
    const about = [managers, frameworks].filter(({ size }) => size > 0).map((names) => [...names].join(', '));
    return about.length === 0 ? language : `${language} (${about.join('; ')})`;
  }).join(', ');
}

const WHAT = {
  'df-backend': 'Code',
  'df-frontend': 'What people see',
  'df-tester': 'Tests',
  'df-doc': 'Documentation',
} as const;

/** What a task is about, in a line. */
export function describeTask({ persona, places, packages }: ProposedTask): string {
  const where = `${listed(places, 4)}${places.length > 4 ? ' places' : ''}`;
  const languages = describeLanguages(packages);
  return `${WHAT[persona]} in ${where}${languages && `: ${languages}`}`;
}
