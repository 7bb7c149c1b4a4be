import { RootError, resolveRoot } from '../util/git/project-root.js';
import type { WrittenRoot } from './parse-root.js';
import { readPlanFile } from './plan-file.js';

/**
 * The root of a plan, whatever else is wrong with it or with `--var`; undefined where even that can't be told.
 * @throws PlanFileError when the file can't be read as text, RootError for a folder that cannot be a root
 */
export async function readPlanRoot(file: string): Promise<string | undefined> {
  const text = await readPlanFile(file);
  const written = plainRoot(text) ?? (await import('./parse-root.js')).parseRoot(file, text);
  if (written === undefined) return undefined;
  try {
    return resolveRoot(file, written.text);
  } catch (error) {
    if (error instanceof RootError) throw error;
    // There is no such folder (any more).
    return undefined;
  }
}

/** A line that begins neither a key of the top level, nor a comment, nor what is below a key. */
const OTHER_LINE = /^(?![A-Za-z_][\w-]*:(?: |$)|[ #]|$)/m;
const FIRST_KEY = /^(?: *(?:#.*)?\n)*[A-Za-z_]/;
const ODD_BREAK = /[\r\u2028\u2029]/;

/**
 * The `root` of a plan whose top level is a map with one plain key a line, as people write them; undefined where only
 * the whole parser can tell. Commands that show a run need no more of the plan, and loading the parser takes them longer
 * than all they do.
 */
export function plainRoot(text: string): WrittenRoot | undefined {
  if (ODD_BREAK.test(text) || OTHER_LINE.test(text) || !FIRST_KEY.test(text)) return undefined;
  const [line, second] = Array.from(text.matchAll(/^root:.*/gm));
  if (line === undefined) return {};
  // A path that can't be anything else in YAML: `.`, `..`, or what is below one; and it does not go on further down.
  const path = /^root: +(\.\.?(?:\/[\w./-]*)?)(?: +#.*| *)$/.exec(line[0])?.[1];
  const [next] = /^ *[^ #\n]/m.exec(text.slice(line.index + line[0].length)) ?? [''];
  return path === undefined || second !== undefined || next.startsWith(' ') ? undefined : { text: path };
}
