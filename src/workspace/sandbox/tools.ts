import { findTool } from '../../util/process/find-program.js';
import { WorkspaceError } from '../failure.js';

/** Absolute path of a program without which there are no namespaces. @throws WorkspaceError where it is missing */
export function tool(name: string): string {
  const path = findTool(name);
  if (path === undefined) throw new WorkspaceError(`${name} not found (package util-linux)`);
  return path;
}

/** The programs without which there are no namespaces (all of util-linux, but sh, mkfifo and mknod). */
const TOOLS = ['setpriv', 'unshare', 'nsenter', 'setsid', 'mount', 'sh', 'mkfifo', 'mknod'];

/** Why namespaces can't be used, without trying; undefined when they may work. */
export function namespacesRuledOut(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has the namespaces it needs';
  if (process.env.FORGE_ISOLATION === 'none') return 'FORGE_ISOLATION=none turns namespaces off';
  const missing = TOOLS.filter((name) => findTool(name) === undefined);
  return missing.length > 0 ? `${missing.join(', ')} not found (package util-linux)` : undefined;
}

/** Environment of forge's own processes in and around a namespace. `token` (`NAME=value`) tells them from a task's. */
export function helperEnv(token: string): Record<string, string> {
  const [name = '', value = ''] = token.split('=');
  return { PATH: `${process.env.PATH ?? ''}:/usr/bin:/bin:/usr/sbin:/sbin`, LC_ALL: 'C', [name]: value };
}

export function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
