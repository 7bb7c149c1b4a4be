import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { unlessGone } from '../util/errors.js';
import { hashText } from '../util/files/hash.js';

/** Where the schema may lie, relative to root: npm's copy, or the one that `forge init` puts there. */
const SCHEMAS = ['node_modules/droidforge/schemas/forge.plan.schema.json', '.factory/forge.plan.schema.json'];

const MARK =
  /^# Written by `forge plan`, which may replace it until it is changed \(mark ([0-9a-f]{16})\)\.\n/m;

/** The text of a plan file; undefined when there is none. @throws the file system's error otherwise */
export function readExisting(file: string): string | undefined {
  return unlessGone(() => readFileSync(file, 'utf8'));
}

/** Whether nobody's work is lost when the file is replaced: it is as `forge plan` or `forge init` wrote it. */
export async function mayReplace(file: string, text: string, root: string): Promise<boolean> {
  const match = MARK.exec(text);
  if (match) return markOf(text.slice(match.index + match[0].length)) === match[1];
  const { isUnmodified } = await import('../init/index.js');
  const path = relative(root, join(realpathSync(dirname(file)), basename(file)));
  return path === 'forge.plan.yaml' && (await isUnmodified(root, path));
}

/** A plan's text with the lines that editors and `forge plan` look for above it. */
export function withHeader(text: string, file: string, root: string): string {
  const body = text.replace(/^# yaml-language-server:.*\n/gm, '');
  const schema = SCHEMAS.find((path) => existsSync(join(root, path)));
  const path = schema && relative(realpathSync(dirname(file)), join(root, schema)).replaceAll('\\', '/');
  const modeline = path === undefined ? '' : `# yaml-language-server: $schema=${path}\n`;
  return `${modeline}# Written by \`forge plan\`, which may replace it until it is changed (mark ${markOf(body)}).\n${body}`;
}

/** Where a plan that is not valid is kept: beside the plan, so that it means the same there. */
export function rejectedFile(file: string): string {
  return `${file.replace(/\.ya?ml$/i, '')}.rejected.yaml`;
}

function markOf(text: string): string {
  return hashText(text).slice(0, 16);
}
