import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { createMatcher } from '../../ownership/index.js';
import { codeOf } from '../../util/errors.js';
import type { HookTask } from './settings.js';
import { patchedPaths } from './tools.js';

/**
 * Why a task may not make a write, in words for its agent; undefined when it owns every path. `toolInput` is what a
 * writing tool is called with, `cwd` what its relative paths count from. Advice while the agent works: what decides is
 * the changeset.
 */
export function refuseWrite(
  task: HookTask,
  toolInput: Readonly<Record<string, unknown>>,
  cwd: string,
): string | undefined {
  const written = typeof toolInput.file_path === 'string' ? [toolInput.file_path] : patchedPaths(toolInput);
  const owns = createMatcher(task.owns, { caseInsensitive: task.caseInsensitive });
  const refused = written
    .map((path) => ({ path, place: placeInTree(resolve(cwd, path), task.workspace) }))
    .filter(({ place }) => place === undefined || !owns(place));
  if (refused.length === 0) return undefined;
  return [
    `forge: task '${task.id}' may not write ${refused.map(({ path, place }) => describe(task, path, place)).join(' or ')}.`,
    task.owns.length === 0
      ? 'It owns nothing: it must not change any file.'
      : `It may only write: ${task.owns.join(', ')}.`,
    'Nothing was written. Go on within what you may write; anything else would be thrown away and fail the task.' +
      ' If another file has to change, say so in your final answer.',
  ].join('\n');
}

function describe(task: HookTask, path: string, place: string | undefined): string {
  if (place === undefined) return `${path} (outside the project)`;
  const owner = task.others.find(({ owns }) =>
    createMatcher(owns, { caseInsensitive: task.caseInsensitive })(place),
  );
  return owner ? `${place} (it belongs to task '${owner.id}')` : place;
}

/** The path relative to the workspace with `/` between segments, symlinks followed; undefined when it lies outside. */
function placeInTree(path: string, workspace: string): string | undefined {
  const place = relative(followed(workspace), followed(path));
  if (place === '' || place === '..' || place.startsWith(`..${sep}`) || isAbsolute(place)) return undefined;
  return place.split(sep).join('/');
}

/** `realpath`, also for a path that does not exist yet: its deepest folder that does is followed. */
function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) return path;
    return join(followed(parent), basename(path));
  }
}
