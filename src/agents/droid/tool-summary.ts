import { patchedPaths } from './patched-paths.js';

const LONGEST = 120;

/** Parameters of droid's tools that say best what a call is about, in order of preference. */
const TELLING = [
  'file_path',
  'command',
  'pattern',
  'patterns',
  'directory_path',
  'url',
  'query',
  'description',
];

/**
 * Takes a tool call of droid's; gives one line for people, such as `Edit src/a.ts` or `Execute npm test`. Paths
 * below `cwd` are shown relative to it.
 */
export function summariseToolCall(tool: string, parameters: unknown, cwd: string): string {
  const object =
    typeof parameters === 'object' && parameters !== null ? (parameters as Record<string, unknown>) : {};
  const about =
    tool === 'ApplyPatch'
      ? patchedPaths(object)
          .map((path) => shorten(path, cwd))
          .join(', ')
      : mostTelling(object, cwd);
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
