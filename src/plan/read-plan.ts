import { basename, dirname } from 'node:path';
import { TaskGraph } from '../graph/index.js';
import { codeOf, messageOf } from '../util/errors.js';
import { isCaseInsensitive, RootError, resolveRoot } from '../util/git/project-root.js';
import { sanitize } from '../util/text/sanitize.js';
import { findCycleProblems } from './diagnostics/cycle-problems.js';
import { findOwnershipProblems } from './diagnostics/ownership-problems.js';
import { Problems } from './diagnostics/problems.js';
import { findEdges } from './edges.js';
import type { PlanResult, Task } from './plan.js';
import { readPlanFile } from './plan-file.js';
import { findSchemaProblems } from './schema/schema-problems.js';
import { FieldReader } from './tasks/field-reader.js';
import { readGates } from './tasks/gates.js';
import type { Splits } from './tasks/part.js';
import { readSecretRules } from './tasks/secret-rules.js';
import type { Tree } from './tasks/split.js';
import { readTasks } from './tasks/tasks.js';
import { Variables } from './tasks/variables.js';
import { type Entries, entriesOf, type Span, type YamlNode } from './yaml/yaml-node.js';
import { parseYaml } from './yaml/yaml-tree.js';

const DEFAULT_CONCURRENCY = 4;
const START: Span = { start: 0, end: 0 };

export interface ReadPlanOptions {
  /** Absolute path of the plan file. */
  file: string;
  /** The plan's text, where a kept copy is to be read instead of the file. */
  text?: string;
  /** Values from `--var`, which win over the plan's `vars`. */
  vars: Readonly<Record<string, string>>;
  /** Names of the adapters that take prompts. */
  agents: readonly string[];
  /** How the files of tasks with `split` were divided when the run that goes on began: the tree is not looked at. */
  splits?: Splits;
}

/**
 * Reads and validates a plan: gives the plan when nothing is wrong, otherwise every problem at once, sorted by place.
 * @throws PlanFileError when the file can't be read as text at all
 */
export async function readPlan(options: ReadPlanOptions): Promise<PlanResult> {
  const { file } = options;
  const text = options.text ?? (await readPlanFile(file));
  const { root, findings, lines } = parseYaml(text);
  const problems = new Problems(file, text, lines);
  for (const finding of findings) problems.add(finding);
  if (root === undefined) {
    if (findings.length === 0)
      problems.addWrong(START, 'the plan is empty', 'a plan has at least `version: 1` and `tasks`');
    return { ok: false, diagnostics: problems.sorted(), text, tasks: 0 };
  }
  findSchemaProblems(root, problems);
  return await readTree(root, problems, options);
}

async function readTree(root: YamlNode, problems: Problems, options: ReadPlanOptions): Promise<PlanResult> {
  const { file } = options;
  const entries = entriesOf(root);
  const get = (key: string) => entries.get(key)?.value;
  const variables = new Variables(get('vars'), options.vars, problems);
  const fields = new FieldReader(variables, problems);

  const place = findPlace(get('root'), fields, file);
  const env = fields.environment(get('env'));
  const taskEntries = entriesOf(get('tasks'));
  const looksAtTree = options.splits === undefined && usesSplit(taskEntries, get('defaults'));
  const tasks = readTasks(taskEntries, fields, {
    defaults: entriesOf(get('defaults')),
    agents: entriesOf(get('agents')),
    env,
    known: options.agents,
    kept: options.splits ?? {},
    tree: looksAtTree ? await readFiles(place) : undefined,
  });
  const gates = readGates(get('gates'), fields, env);
  const locks: Record<string, number> = Object.create(null);
  for (const [name, { value }] of entriesOf(get('locks')))
    locks[name] = fields.count(value, `locks.${name}`, 1) ?? 1;
  const secrets = readSecretRules(get('secrets'), fields);
  const name = fields.filledText(get('name'), 'name');
  const goal = fields.text(get('goal'));
  const concurrency = fields.count(get('concurrency'), 'concurrency', 1);
  variables.reportUnused(entries.get('vars')?.at ?? { start: root.start, end: root.start });

  const edges = findEdges(tasks, place.caseInsensitive);
  const graph = new TaskGraph({ tasks, edges });
  for (const cycle of findCycleProblems(tasks, edges)) problems.add(cycle);
  for (const overlap of findOwnershipProblems(tasks, graph, place.caseInsensitive)) problems.add(overlap);

  const diagnostics = problems.sorted();
  const { text } = problems;
  if (diagnostics.some((diagnostic) => diagnostic.severity === 'error'))
    return { ok: false, diagnostics, text, tasks: tasks.length, root: place.isGood ? place.root : undefined };
  const plan = {
    file,
    text,
    root: place.root,
    caseInsensitive: place.caseInsensitive,
    name: name ?? (basename(dirname(file)) || 'plan'),
    goal,
    concurrency: concurrency ?? DEFAULT_CONCURRENCY,
    tasks,
    edges,
    gates,
    locks,
    secrets,
    splits: splitsOf(tasks),
  };
  return { ok: true, plan, warnings: diagnostics };
}

function usesSplit(tasks: Entries, defaults: YamlNode | undefined): boolean {
  return [defaults, ...Array.from(tasks.values(), ({ value }) => value)].some((node) =>
    entriesOf(node).has('split'),
  );
}

/** The working tree of a plan. */
interface Place {
  root: string;
  caseInsensitive: boolean;
  /** Whether it is a folder where tasks may work; otherwise why not is reported. */
  isGood: boolean;
}

async function readFiles({ root, caseInsensitive }: Place): Promise<Tree> {
  // Loaded only when it is needed, as git is asked only then.
  const { isFile, listFiles, walkFiles } = await import('../util/git/list-files.js');
  return {
    caseInsensitive,
    list: await listFiles(root),
    isFile: (path) => isFile(root, path),
    all: () => walkFiles(root),
  };
}

function splitsOf(tasks: readonly Task[]): Splits {
  const splits: Record<string, (readonly string[])[]> = Object.create(null);
  for (const { part } of tasks) {
    if (part !== undefined) splits[part.of] = [...(splits[part.of] ?? []), part.files];
  }
  return splits;
}

function findPlace(node: YamlNode | undefined, fields: FieldReader, file: string): Place {
  try {
    const root = resolveRoot(file, fields.text(node));
    return { root, caseInsensitive: isCaseInsensitive(root), isGood: true };
  } catch (error) {
    const isThere = error instanceof RootError;
    fields.problems.add({
      code: isThere && error.isReserved ? 'reserved-path' : 'schema',
      message: `\`root\`: ${isThere ? sanitize(error.message) : reason(error)}`,
      at: node ?? START,
      hint: isThere ? undefined : '`root` is relative to the folder of the plan file',
    });
    return { root: isThere ? error.root : dirname(file), caseInsensitive: false, isGood: false };
  }
}

function reason(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return 'there is no such folder';
    case 'ENOTDIR':
      return 'it is not a folder';
    default:
      return `it cannot be read (${messageOf(error)})`;
  }
}
