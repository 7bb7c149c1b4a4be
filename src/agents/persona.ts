import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, ignoring, invalid, messageOf } from '../util/errors.js';
import { nearestName } from '../util/text/nearest-name.js';

/** A custom droid, read from `.factory/droids/NAME.md`. */
export interface Persona {
  name: string;
  /** What it is told, appended to droid's system prompt. */
  body: string;
  /** Not set for `inherit`. */
  model?: string;
  reasoningEffort?: string;
  /** Tool ids and categories as written; not set = every tool. */
  tools?: readonly string[];
}

/** A persona that tasks can be given to, and what it is for ('' where its file does not say). */
export interface PersonaEntry {
  name: string;
  description: string;
}

const NAME = /^[a-z0-9_-]+$/;
const FRONT_MATTER = /^---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m;

/**
 * The persona of that name in a working tree. @throws ForgeError (2) that names the file and what is wrong with it, or
 * the persona that was probably meant
 */
export async function readPersona(name: string, root: string): Promise<Persona> {
  const file = fileOf(name, root);
  if (!NAME.test(name)) throw broken(`persona '${name}'`, 'its name may hold only a-z, 0-9, _ and -');
  const text = await readFile(file, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? await missing(name, root) : broken(file, error.message);
  });
  const { fields, body } = await parse(text, file);
  if (body === '')
    throw broken(file, 'there is no text below the front matter; it is what the droid is told');
  const model = textField(fields, 'model', file);
  return {
    name,
    body,
    model: model === 'inherit' ? undefined : model,
    reasoningEffort: textField(fields, 'reasoningEffort', file),
    tools: toolsField(fields.tools, file),
  };
}

/**
 * The personas of a working tree, sorted. One that cannot be used is listed too: what is wrong with it is said when a
 * task with it is to start.
 */
export async function listPersonas(root: string): Promise<PersonaEntry[]> {
  return await Promise.all((await personaNames(root)).map((name) => entryOf(name, root)));
}

async function entryOf(name: string, root: string): Promise<PersonaEntry> {
  const file = fileOf(name, root);
  const parsed = await parse(await readFile(file, 'utf8'), file).catch((error: unknown) => {
    if (!(error instanceof ForgeError)) throw error;
  });
  const description = parsed?.fields.description;
  return { name, description: typeof description === 'string' ? description.trim().split('\n')[0]! : '' };
}

function fileOf(name: string, root: string): string {
  return join(root, '.factory', 'droids', `${name}.md`);
}

async function personaNames(root: string): Promise<string[]> {
  const entries = await readdir(join(root, '.factory', 'droids')).catch(ignoring('ENOENT', 'ENOTDIR'));
  const files = (entries ?? []).filter((entry) => entry.endsWith('.md'));
  return files.sort().map((entry) => entry.slice(0, -'.md'.length));
}

async function parse(text: string, file: string): Promise<{ fields: Record<string, unknown>; body: string }> {
  const match = FRONT_MATTER.exec(text);
  if (match?.index !== 0) throw broken(file, 'it must begin with front matter between two lines of ---');
  const yaml = await import('yaml');
  try {
    const fields = Object(yaml.parse(match[1]!) ?? {}) as Record<string, unknown>;
    return { fields, body: text.slice(match[0].length).trim() };
  } catch (error) {
    throw broken(file, `its front matter is not YAML: ${messageOf(error).split('\n')[0]}`);
  }
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

async function missing(name: string, root: string): Promise<ForgeError> {
  const known = await personaNames(root);
  const near = nearestName(name, known);
  const others = known.length > 0 ? `there is ${known.join(', ')}` : 'write it';
  const help = near === undefined ? others : `did you mean '${near}'?`;
  return invalid(`persona '${name}' has no file ${fileOf(name, root)}; ${help}`);
}

function broken(file: string, problem: string): ForgeError {
  return invalid(`${file}: ${problem}`);
}
