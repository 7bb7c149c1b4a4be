import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** One file of the plugin, which is also what `forge init` installs once its project section is filled in. */
export interface Template {
  /** `forge-parallel`, `df-backend`, … */
  name: string;
  /** Where it goes, relative to the root. */
  path: string;
  executable: boolean;
  text: string;
}

/** The package's own folder. As deep above this file as above the program that is made of it (dist/cli). */
const PACKAGE = new URL('../../', import.meta.url);
/** The plugin, the one place where these texts live. */
const PLUGIN = new URL('.factory-plugin/forge/', PACKAGE);

/** What the plugin says where nothing is known about the project; `forge init` puts facts in its place. */
const PROJECT_SECTION = /<!-- forge:project -->\n[\s\S]*?<!-- \/forge:project -->/g;

/** The plugin's commands and personas. @throws the file system's error when the package is incomplete */
export async function readTemplates(): Promise<Template[]> {
  const folders = ['commands', 'droids'].map(async (folder) => {
    const names = (await readdir(new URL(folder, PLUGIN))).sort();
    return names.map((name) => `${folder}/${name}`);
  });
  const files = (await Promise.all(folders)).flat();
  return await Promise.all(
    files.map(async (file) => ({
      name: basename(file, '.md'),
      path: `.factory/${file}`,
      executable: !file.endsWith('.md'),
      text: await readFile(new URL(file, PLUGIN), 'utf8'),
    })),
  );
}

/** A template's text with its project section, if it has one, replaced by facts. */
export function fillIn(text: string, facts: string): string {
  return text.replace(PROJECT_SECTION, () => facts);
}

/** The schema of plans that this forge was built with. */
export async function readSchema(): Promise<string> {
  return await readFile(new URL('schemas/forge.plan.schema.json', PACKAGE), 'utf8');
}
