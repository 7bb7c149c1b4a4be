import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode } from '../util/errors/exit-code.js';
import { ForgeError } from '../util/errors/forge-error.js';
import { codeOf } from '../util/errors/system-error.js';
import { nearestName } from '../util/text/nearest-name.js';

/** A custom droid, read from `.factory/droids/NAME.md`. */
export interface Persona {
  name: string;
  file: string;
  /** What it is told, appended to droid's system prompt. */
  body: string;
  /** Not set for `inherit`. */
  model?: string;
  reasoningEffort?: string;
  /** Tool ids and categories as written; not set = every tool. */
  tools?: readonly string[];
}

const NAME = /^[a-z0-9_-]+$/;
const FRONT_MATTER = /^---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m;

/** Folder of a project's personas. */
export function personaFolder(root: string): string {
  return join(root, '.factory', 'droids');
}

/**
 * Takes a persona's name and the working tree it is looked for in; gives the persona. Throws ForgeError (2) that
 * names the file and what is wrong with it, or the persona that was probably meant.
 */
export async function readPersona(name: string, root: string): Promise<Persona> {
  const folder = personaFolder(root);
  const file = join(folder, `${name}.md`);
  if (!NAME.test(name)) throw broken(`persona '${name}'`, 'its name may hold only a-z, 0-9, _ and -');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw await unreadable(name, folder, file, error as NodeJS.ErrnoException);
  }
  return await parsePersona(name, file, text);
}

async function parsePersona(name: string, file: string, text: string): Promise<Persona> {
  const match = FRONT_MATTER.exec(text);
  if (match === null || match.index !== 0) {
    throw broken(file, 'it must begin with front matter between two lines of ---');
  }
  const { parse } = await import('yaml');
  let fields: Record<string, unknown>;
  try {
    fields = Object(parse(match[1]!) ?? {}) as Record<string, unknown>;
  } catch (error) {
    throw broken(file, `its front matter is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  const body = text.slice(match[0].length).trim();
  if (body === '')
    throw broken(file, 'there is no text below the front matter; it is what the droid is told');
  const model = textField(fields, 'model', file);
  const reasoningEffort = textField(fields, 'reasoningEffort', file);
  const tools = toolsField(fields.tools, file);
  return {
    name,
    file,
    body,
    ...(model === undefined || model === 'inherit' ? {} : { model }),
    ...(reasoningEffort === undefined ? {} : { reasoningEffort }),
    ...(tools === undefined ? {} : { tools }),
  };
}

function textField(fields: Record<string, unknown>, key: string, file: string): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.trim() === '') throw broken(file, `its '${key}' must be text`);
  return value.trim();
}

/** `tools: read-only`, `tools: Read, Grep` and `tools: [Read, Grep]` are all in use. */
function toolsField(value: unknown, file: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list: unknown = typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value;
  if (Array.isArray(list) && list.length > 0 && list.every((item) => typeof item === 'string' && item !== ''))
    return list as string[];
  throw broken(
    file,
    "its 'tools' must be a category (read-only, edit, execute, web, mcp) or a list of tools",
  );
}

async function unreadable(
  name: string,
  folder: string,
  file: string,
  error: NodeJS.ErrnoException,
): Promise<ForgeError> {
  if (error.code !== 'ENOENT') return broken(file, error.message);
  let entries: string[] = [];
  try {
    entries = await readdir(folder);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
  }
  const known = entries.filter((entry) => entry.endsWith('.md')).map((entry) => entry.slice(0, -3));
  const near = nearestName(name, known);
  const help = near
    ? `did you mean '${near}'?`
    : known.length > 0
      ? `there is ${known.join(', ')}`
      : 'write it';
  return new ForgeError(`persona '${name}' has no file ${file}; ${help}`, ExitCode.invalid);
}

function broken(file: string, problem: string): ForgeError {
  return new ForgeError(`${file}: ${problem}`, ExitCode.invalid);
}
