import { escapeGlob } from '../../util/paths/glob-escape.js';
import { quotePathForShell } from '../../util/text/quote-for-shell.js';

/** One of the tasks that a `split` makes. */
export interface Part {
  /** Id of the task as the plan has it. */
  of: string;
  /** Counted from 1. */
  index: number;
  /** How many parts there are. */
  count: number;
  /** Its share of the files, sorted. */
  files: readonly string[];
}

/** How the files of each task that has `split` were divided, by the task's id. */
export type Splits = Readonly<Record<string, readonly (readonly string[])[]>>;

/** How a list reads where it is put into a text: a path a line, or as words of a shell command. */
export type ListStyle = 'lines' | 'shell';

/** What `${{ split.NAME }}` stands for in a part: a list, or a number. */
export type SplitValue = readonly string[] | string;

/** The variables of a part by name; its files may be renamed. `patterns`: both lists as patterns. */
export function splitValues(
  { index, count, files }: Part,
  rename: ReadonlyMap<string, string>,
  patterns: boolean,
): ReadonlyMap<string, SplitValue> {
  const owned = files.flatMap((file) => [file, ...renamed(file, rename)]).map(escapeGlob);
  return new Map<string, SplitValue>([
    ['split.files', patterns ? files.map(escapeGlob) : files],
    ['split.owns', [...new Set(owned)]],
    ['split.index', String(index)],
    ['split.count', String(count)],
  ]);
}

/** Puts a value into a text. */
export function splitText(value: SplitValue, style: ListStyle): string {
  if (typeof value === 'string') return value;
  return style === 'lines' ? value.join('\n') : value.map(quotePathForShell).join(' ');
}

/** The name that a file gets: by the longest ending that it has. */
function renamed(file: string, rename: ReadonlyMap<string, string>): string[] {
  let ending = '';
  for (const from of rename.keys()) if (file.endsWith(from) && from.length > ending.length) ending = from;
  return ending === '' ? [] : [file.slice(0, -ending.length) + rename.get(ending)!];
}
