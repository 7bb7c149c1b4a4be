import { readFile } from 'node:fs/promises';

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

/** Files of the plugin, the one place where these texts live. */
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

/** The plugin's files. @throws the file system's error when the package is incomplete */
export async function readTemplates(): Promise<Template[]> {
  return await Promise.all(
    FILES.map(async (file) => ({
      name: file.replace(/^.*\//, '').replace(/\.md$/, ''),
      path: `.factory/${file}`,
      executable: !file.endsWith('.md'),
      text: await readFile(new URL(`.factory-plugin/forge/${file}`, PACKAGE), 'utf8'),
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
