import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** One file of the plugin, which is also what `forge init` installs once its project section is filled in. */
export interface Template {
  /** `forge-parallel`, `df-backend`, … */
  name: string;
  /** Where it goes, relative to the root. */
  path: string;
  executable: boolean;
  text: string;
}

/** The plugin's folder: the one place where these texts live (`.factory-plugin/forge`, shipped with the package). */
const PLUGIN = new URL('../../.factory-plugin/forge/', import.meta.url);

const FILES: readonly string[] = [
  'commands/forge-start.md',
  'commands/forge-parallel.md',
  'commands/forge-status',
  'commands/forge-guide.md',
  'commands/df.md',
  'droids/df-orchestrator.md',
  'droids/df-backend.md',
  'droids/df-frontend.md',
  'droids/df-tester.md',
  'droids/df-doc.md',
];

/** What the plugin says where nothing is known about the project; `forge init` puts facts in its place. */
const PROJECT_SECTION = /<!-- forge:project -->\n[\s\S]*?<!-- \/forge:project -->/g;

/** Reads the templates. Throws the file system's error when the package is incomplete. */
export async function readTemplates(): Promise<Template[]> {
  return await Promise.all(
    FILES.map(async (file) => ({
      name: file.replace(/^.*\//, '').replace(/\.md$/, ''),
      path: `.factory/${file}`,
      executable: !file.endsWith('.md'),
      text: await readFile(fileURLToPath(new URL(file, PLUGIN)), 'utf8'),
    })),
  );
}

/** Gives a template's text with its project section, if it has one, replaced by facts. */
export function fillIn(template: Template, facts: string): string {
  return template.text.replace(PROJECT_SECTION, () => facts);
}

/** Reads the schema of plans that this forge was built with. */
export async function readSchema(): Promise<string> {
  return await readFile(new URL('../../schemas/forge.plan.schema.json', import.meta.url), 'utf8');
}
