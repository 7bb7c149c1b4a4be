import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../util/errors/system-error.js';

/** A persona that tasks can be given to. */
export interface Specialist {
  name: string;
  description: string;
}

/** The persona that writes plans. */
export const ORCHESTRATOR = 'df-orchestrator';

/** Takes a working tree; gives its personas (`.factory/droids/NAME.md`) by name, with what their front matter says of them. */
export async function findSpecialists(root: string): Promise<Specialist[]> {
  const folder = join(root, '.factory', 'droids');
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return [];
    throw error;
  }
  const files = names.filter((name) => name.endsWith('.md')).sort();
  return await Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -'.md'.length),
      description: descriptionOf(await readFile(join(folder, file), 'utf8')),
    })),
  );
}

/** One line is all that is needed: whether the whole persona can be used is checked when a task with it starts. */
function descriptionOf(text: string): string {
  const line = /^description:[ \t]*(.+)$/m.exec(text.split(/^---[ \t]*$/m)[1] ?? '')?.[1] ?? '';
  return line.trim().replace(/^(["'])(.*)\1$/, '$2');
}
