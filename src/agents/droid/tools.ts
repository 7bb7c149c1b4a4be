/** What the categories of a persona's `tools` stand for (docs.factory.ai, "Custom droids"; droid 0.215). */
const CATEGORIES: Readonly<Record<string, readonly string[]>> = {
  'read-only': ['Read', 'LS', 'Grep', 'Glob'],
  edit: ['Create', 'Edit', 'ApplyPatch'],
  execute: ['Execute'],
  web: ['WebSearch', 'FetchUrl'],
};

/** Tools of droid's that write files: the first three are in 0.215's init event, MultiEdit was in older versions. */
export const WRITING_TOOLS = ['Create', 'Edit', 'ApplyPatch', 'MultiEdit'] as const;

/** Characters of a call's summary. */
const LONGEST = 120;

/** Parameters of droid's tools that say best what a call is about, in order of preference. */
const TELLING = 'file_path command pattern patterns directory_path url query description'.split(' ');

/**
 * The flags that limit droid to a persona's `tools`. MCP tools have no ids that are known beforehand, so a persona that
 * may use them is limited by what is taken away instead.
 */
export function toolFlags(tools: readonly string[] | undefined): string[] {
  if (tools === undefined) return [];
  const allowed = new Set(tools.flatMap((tool) => CATEGORIES[tool] ?? (tool === 'mcp' ? [] : [tool])));
  if (!tools.includes('mcp')) return ['--only-tools', [...allowed].join(',')];
  const removed = Object.values(CATEGORIES)
    .flat()
    .filter((tool) => !allowed.has(tool));
  return removed.length === 0 ? [] : ['--remove-tools', removed.join(',')];
}

/**
 * Every path that the patch of an ApplyPatch call names, as written. The patch is in `input`, as text or (seen with
 * droid 0.215) as text of a JSON object that holds it once more.
 */
export function patchedPaths(toolInput: Readonly<Record<string, unknown>>): string[] {
  const patch = patchText(toolInput.input ?? toolInput.patch);
  const headers = patch.matchAll(/^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+?)\s*$/gm);
  return Array.from(headers, ([, path]) => path!);
}

function patchText(input: unknown): string {
  if (typeof input !== 'string') return '';
  if (!input.trimStart().startsWith('{')) return input;
  try {
    return patchText((JSON.parse(input) as { input?: unknown }).input);
  } catch {
    return input; // a patch that merely begins with a brace
  }
}

/** A tool call in one line for people, such as `Edit src/a.ts` or `Execute npm test`, with paths below `cwd` relative to it. */
export function summariseToolCall(tool: string, parameters: unknown, cwd: string): string {
  const object = Object(parameters) as Record<string, unknown>;
  const patched = () => patchedPaths(object).map((path) => shorten(path, cwd));
  const about = tool === 'ApplyPatch' ? patched().join(', ') : mostTelling(object, cwd);
  const line = about === '' ? tool : `${tool} ${about}`;
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

function mostTelling(parameters: Record<string, unknown>, cwd: string): string {
  for (const name of TELLING) {
    const value = parameters[name];
    const text = Array.isArray(value) ? value.join(' ') : value;
    if (typeof text !== 'string' || text.trim() === '') continue;
    const line = text.trim().split('\n')[0]!.trim();
    return name.endsWith('_path') ? shorten(line, cwd) : line;
  }
  return '';
}

function shorten(path: string, cwd: string): string {
  return cwd !== '' && path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path;
}
