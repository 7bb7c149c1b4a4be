import { basename, dirname } from 'node:path';
import { graphOf } from '../graph/index.js';
import { codeOf, reasonOf } from '../util/errors/system-error.js';
import { sanitize } from '../util/text/sanitize.js';
import { findCycleProblems, findEdges } from './diagnostics/order-problems.js';
import { findOwnershipProblems } from './diagnostics/ownership-problems.js';
import { type Problem, Problems } from './diagnostics/problem.js';
import type { Gate, PlanResult, Task } from './plan.js';
import { readPlanFile } from './plan-file.js';
import { isCaseInsensitive, RootError, resolveRoot } from './root.js';
import { findSchemaProblems } from './schema/schema-problems.js';
import { Fields } from './tasks/fields.js';
import { readSecretRules } from './tasks/secret-rules.js';
import type { Splits, Tree } from './tasks/split.js';
import { DEFAULT_TIMEOUT, readTasks } from './tasks/tasks.js';
import { Variables } from './tasks/variables.js';
import { LineTable } from './yaml/line-table.js';
import { parseQuickly } from './yaml/quick-yaml.js';
import type { MapNode, YamlNode } from './yaml/yaml-node.js';

const DEFAULT_CONCURRENCY = 4;

export interface ReadPlanOptions {
  /** Absolute path of the plan file. */
  file: string;
  /** The plan's text, where a kept copy is to be read instead of the file. */
  text?: string;
  /** Values from `--var`, which win over the plan's `vars`. */
  vars: Readonly<Record<string, string>>;
  /** Names of the adapters that take prompts. */
  agents: readonly string[];
  /** `-j`, which wins over the plan's `concurrency`. */
  jobs?: number;
  /** Paths of the tree, relative to root; asked for only when there is an overlap to show. */
  existing?: () => readonly string[];
  /** How the files of tasks with `split` were divided when the run that goes on began: the tree is not looked at. */
  splits?: Splits;
}

/**
 * Reads and validates a plan. Gives the plan when nothing is wrong, and every problem at once, sorted by place,
 * otherwise. Throws PlanFileError when the file can't be read as text at all.
 */
export async function readPlan(options: ReadPlanOptions): Promise<PlanResult> {
  const text = options.text ?? (await readPlanFile(options.file));
  const problems = new Problems(new LineTable(options.file, text));
  const tree = await parse(text);
  for (const problem of tree.problems) problems.add(problem);
  if (tree.root === undefined) {
    if (tree.problems.length === 0)
      problems.add({
        code: 'schema',
        message: 'the plan is empty',
        at: { start: 0, end: 0 },
        hint: 'a plan has at least `version: 1` and `tasks`',
      });
    return { ok: false, diagnostics: problems.sorted(), tasks: 0 };
  }
  findSchemaProblems(tree.root, problems);
  return await readTree(tree.root, text, problems, options);
}

/**
 * The root of a plan, whatever else is wrong with it or with `--var`; undefined where even that can't be told.
 *
 * @throws PlanFileError when the file can't be read as text, RootError for a folder that cannot be a root.
 */
export async function readPlanRoot(file: string): Promise<string | undefined> {
  const text = await readPlanFile(file);
  const { root } = await parse(text);
  if (root?.kind !== 'map') return undefined;
  const problems = new Problems(new LineTable(file, text));
  const variables = new Variables(asMap(root.entries.get('vars')?.value), {}, text, problems);
  const node = root.entries.get('root')?.value;
  const value = new Fields(variables, problems, text).text(node);
  if (node !== undefined && value === undefined) return undefined;
  try {
    return resolveRoot(file, value);
  } catch (error) {
    // There is no such folder (any more).
    if (!(error instanceof RootError) && codeOf(error) !== undefined) return undefined;
    throw error;
  }
}

async function parse(text: string): Promise<{ root?: YamlNode; problems: Problem[] }> {
  const root = parseQuickly(text);
  if (root !== undefined) return { root, problems: [] };
  // Loaded only when it is needed: it is by far the heaviest module.
  const { parseYaml } = await import('./yaml/yaml-tree.js');
  return parseYaml(text);
}

async function readTree(
  root: YamlNode,
  text: string,
  problems: Problems,
  options: ReadPlanOptions,
): Promise<PlanResult> {
  const entries: MapNode['entries'] = root.kind === 'map' ? root.entries : new Map();
  const get = (key: string) => entries.get(key)?.value;
  const variables = new Variables(asMap(get('vars')), options.vars, text, problems);
  const fields = new Fields(variables, problems, text);

  const place = readRoot(get('root'), fields, options.file);
  const env = fields.environment(get('env'));
  const taskMap = asMap(get('tasks'));
  const surroundings = {
    defaults: get('defaults'),
    agents: get('agents'),
    env,
    known: options.agents,
    kept: options.splits ?? {},
    tree:
      options.splits === undefined && usesSplit(taskMap, get('defaults'))
        ? await readFiles(place)
        : undefined,
  };
  const tasks = taskMap === undefined ? [] : readTasks(taskMap, fields, surroundings);
  const gates = readGates(get('gates'), fields, env);
  const locks: Record<string, number> = Object.create(null);
  for (const [name, { value }] of asMap(get('locks'))?.entries ?? [])
    locks[name] = fields.count(value, `locks.${name}`, 1) ?? 1;
  const secrets = readSecretRules(get('secrets'), fields);
  const name = fields.filledText(get('name'), 'name');
  const goal = fields.text(get('goal'));
  const concurrency = fields.count(get('concurrency'), 'concurrency', 1);
  variables.reportUnused(entries.get('vars')?.at ?? { start: root.start, end: root.start });

  const edges = findEdges(tasks, place.caseInsensitive);
  problems.diagnostics.push(...findCycleProblems(tasks, edges));
  const owning = { caseInsensitive: place.caseInsensitive, existing: options.existing };
  for (const overlap of findOwnershipProblems(tasks, graphOf({ tasks, edges }), owning))
    problems.diagnostics.push(overlap);

  const diagnostics = problems.sorted();
  if (diagnostics.some((diagnostic) => diagnostic.severity === 'error'))
    return { ok: false, diagnostics, tasks: tasks.length };
  const plan = {
    file: options.file,
    text,
    ...place,
    name: name ?? (basename(dirname(options.file)) || 'plan'),
    ...(goal === undefined ? {} : { goal }),
    concurrency: options.jobs ?? concurrency ?? DEFAULT_CONCURRENCY,
    tasks,
    edges,
    gates,
    locks,
    secrets,
    splits: splitsOf(tasks),
  };
  return { ok: true, plan, warnings: diagnostics };
}

function usesSplit(tasks: MapNode | undefined, defaults: YamlNode | undefined): boolean {
  const has = (node: YamlNode | undefined) => asMap(node)?.entries.has('split') === true;
  return has(defaults) || [...(tasks?.entries.values() ?? [])].some(({ value }) => has(value));
}

async function readFiles({
  root,
  caseInsensitive,
}: {
  root: string;
  caseInsensitive: boolean;
}): Promise<Tree> {
  // Loaded only when it is needed, as git is asked only then.
  const { isFile, listFiles, walk } = await import('./tasks/list-files.js');
  return {
    caseInsensitive,
    list: await listFiles(root),
    isFile: (path) => isFile(root, path),
    all: () => walk(root),
  };
}

function splitsOf(tasks: readonly Task[]): Splits {
  const splits: Record<string, (readonly string[])[]> = Object.create(null);
  for (const { part } of tasks) {
    if (part !== undefined) splits[part.of] = [...(splits[part.of] ?? []), part.files];
  }
  return splits;
}

function readRoot(
  node: YamlNode | undefined,
  fields: Fields,
  file: string,
): { root: string; caseInsensitive: boolean } {
  try {
    const root = resolveRoot(file, fields.text(node));
    return { root, caseInsensitive: isCaseInsensitive(root) };
  } catch (error) {
    const at = node ?? { start: 0, end: 0 };
    if (error instanceof RootError) {
      fields.problems.add({ code: error.code, message: `\`root\`: ${sanitize(error.message)}`, at });
      return { root: error.root, caseInsensitive: false };
    }
    const reason = reasonOf(error, {
      ENOENT: 'there is no such folder',
      ENOTDIR: 'it is not a folder',
    });
    fields.problems.add({
      code: 'schema',
      message: `\`root\`: ${reason}`,
      at,
      hint: '`root` is relative to the folder of the plan file',
    });
    return { root: dirname(file), caseInsensitive: false };
  }
}

function readGates(
  node: YamlNode | undefined,
  fields: Fields,
  planEnv: Readonly<Record<string, string>>,
): Gate[] {
  if (node?.kind !== 'list') return [];
  const named = new Map<string, YamlNode>();
  return node.items.flatMap((item) => {
    const entries = asMap(item)?.entries;
    const get = (key: string) => entries?.get(key)?.value;
    const name = fields.filledText(get('name'), 'name');
    const run = fields.command(get('run'), 'run');
    const timeout = fields.duration(get('timeout'), 'timeout') ?? DEFAULT_TIMEOUT;
    const env = Object.assign(Object.create(null), planEnv, fields.environment(get('env')));
    if (name === undefined || run === undefined) return [];
    const first = named.get(name);
    if (first !== undefined)
      fields.problems.addOnce({
        code: 'schema',
        message: `two gates are called \`${name}\``,
        at: get('name')!,
        related: [{ at: first, message: 'the other one' }],
      });
    named.set(name, first ?? get('name')!);
    return [{ name, run, timeout, env, at: fields.problems.lines.range(item) }];
  });
}

function asMap(node: YamlNode | undefined): MapNode | undefined {
  return node?.kind === 'map' ? node : undefined;
}
