import { didYouMean } from '../../util/text/nearest-name.js';
import type { Finding, Problems } from '../diagnostics/problems.js';
import { entriesOf, nodeAt, plainValue, type Span, type YamlNode } from '../yaml/yaml-node.js';
import { SHAPE, validate } from './schema-validator.generated.js';

/** A file with more mistakes than this is not a plan; without a limit a hostile one could fill the memory. */
const MOST = 10_000;

/** What the schema says of one place in a plan, for error messages. Generated from the schema's titles and keys. */
interface Shape {
  /** What a value here must be, as the end of the sentence "... must be". */
  title?: string;
  keys?: Readonly<Record<string, Shape>>;
  /** The values of keys that are not in `keys`. */
  others?: Shape;
  /** The names of keys that are not in `keys`. */
  names?: Shape;
  items?: Shape;
}

/** An error object of ajv, as far as it is used here. */
interface SchemaError {
  instancePath: string;
  schemaPath: string;
  keyword: string;
  params: {
    additionalProperty?: string;
    missingProperty?: string;
    propertyName?: string;
    passingSchemas?: number[] | null;
  };
  propertyName?: string;
}

/** Adds everything in the tree of a plan that the schema does not allow to `problems`. */
export function findSchemaProblems(root: YamlNode, problems: Problems): void {
  // A cast, because the generated validator has no types.
  const check = validate as unknown as { (data: unknown): boolean; errors?: SchemaError[] | null };
  if (check(plainValue(root))) return;
  let found = 0;
  for (const error of check.errors ?? []) {
    const problem = toProblem(root, error);
    if (problem === undefined) continue;
    problems.add(problem);
    found += 1;
    if (found === MOST) return;
  }
}

function toProblem(root: YamlNode, error: SchemaError): Finding | undefined {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const place = nodeAt(root, path) ?? { at: root, value: root };
  // The root is the whole file; its first key says as much.
  const at = path.length === 0 ? firstKey(root) : place.at;
  // Who writes NAME=value there must not find the value in a log of CI.
  const hideSource = path[0] === 'secrets';
  const problem = (message: string, hint?: string, where: Span = at): Finding => {
    return { code: 'schema', message, at: where, hint, hideSource };
  };
  const keyAt = (key: string): Span => entriesOf(place.value).get(key)?.at ?? place.value;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = error.params.additionalProperty!;
      const allowed = Object.keys(shapeAt(path)?.keys ?? {});
      const hint = didYouMean(key, allowed) ?? `allowed here: ${allowed.join(', ')}`;
      return problem(`unknown key \`${key}\` in ${subject(path)}`, hint, keyAt(key));
    }
    case 'required':
      // The two halves of prompt/run report through `oneOf`.
      if (error.schemaPath.includes('/oneOf/')) return undefined;
      return problem(
        `${subject(path)} lacks the key \`${error.params.missingProperty}\``,
        path.length === 0 && error.params.missingProperty === 'version' ? 'add `version: 1`' : undefined,
      );
    case 'oneOf':
      // Of what is no map at all, `type` says so.
      if (place.value.kind !== 'map') return undefined;
      return promptAndRun(place, path, error.params.passingSchemas !== null);
    case 'propertyNames':
      // Reported with more detail by the keyword inside.
      return undefined;
    default:
      break;
  }
  if (error.propertyName !== undefined) {
    const names = shapeAt(path)?.names?.title ?? 'another name';
    const message = `the key \`${error.propertyName}\` in ${subject(path)} must be ${names}`;
    return problem(message, undefined, keyAt(error.propertyName));
  }
  const shown = shapeAt(path)?.title ?? 'something else';
  const { value } = place;
  const isWritten = path.length > 0 && value.kind === 'scalar' && value.end > value.start;
  const message = `${subject(path)} must be ${shown}; it is ${described(value, error.keyword)}`;
  return problem(message, undefined, isWritten ? value : at);
}

function promptAndRun(
  { at, value }: { at: { start: number; end: number }; value: YamlNode },
  path: readonly string[],
  both: boolean,
): Finding {
  const [prompt, run] = ['prompt', 'run'].map((key) => entriesOf(value).get(key));
  if (!both || prompt === undefined || run === undefined) {
    const message = `${subject(path)} needs \`prompt\` (for an agent) or \`run\` (a command)`;
    return { code: 'schema', message, at };
  }
  const [first, second] = prompt.at.start < run.at.start ? [prompt, run] : [run, prompt];
  return {
    code: 'schema',
    message: `${subject(path)} has both \`prompt\` and \`run\``,
    at: second.at,
    related: [{ at: first.at, message: `\`${first.key}\` is here` }],
    hint: "keep one: `prompt` goes to an agent, `run` is a command (to check an agent's work, use `verify`)",
  };
}

/** `the plan`, or `tasks.backend.owns[0]` in backticks. */
function subject(path: readonly string[]): string {
  if (path.length === 0) return 'the plan';
  return `\`${path.map((key, i) => (i === 0 ? key : /^\d+$/.test(key) && path[i - 1] !== 'tasks' ? `[${key}]` : `.${key}`)).join('')}\``;
}

function described(node: YamlNode, keyword: string): string {
  if (node.kind !== 'scalar') return `a ${node.kind}`;
  if (node.value === null) return 'empty';
  if (keyword === 'type')
    return typeof node.value === 'string' ? 'text' : `the ${typeof node.value} ${node.text}`;
  const text = node.text.length > 40 ? `${node.text.slice(0, 40)}…` : node.text;
  return typeof node.value === 'string' ? JSON.stringify(text) : text;
}

function firstKey(root: YamlNode): { start: number; end: number } {
  if (root.kind === 'map') for (const entry of root.entries.values()) return entry.at;
  return { start: root.start, end: Math.min(root.end, root.start + 1) };
}

/** What the schema says of the place at a path of keys and list indexes, or nothing where it says nothing. */
function shapeAt(path: readonly string[]): Shape | undefined {
  let shape: Shape | undefined = SHAPE as Shape;
  for (const key of path) {
    if (shape === undefined) return undefined;
    const own: Shape | undefined = shape.keys && Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
    shape = own ?? (shape.items !== undefined && /^\d+$/.test(key) ? shape.items : shape.others);
  }
  return shape;
}
