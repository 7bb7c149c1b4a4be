import { isExecutable } from '../../util/process/is-executable.js';

const found = new Map<string, string | undefined>();

/** Absolute path of a program of the system, looked up once: in PATH, then where system programs lie when PATH leaves them out (sbin). */
export function findTool(name: string): string | undefined {
  if (found.has(name)) return found.get(name);
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
  const path = folders
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => `${folder}/${name}`)
    .find(isExecutable);
  found.set(name, path);
  return path;
}
