import { createMatcher } from '../../ownership/index.js';
import type { Pattern } from '../plan.js';
import { entriesOf, type YamlNode } from '../yaml/yaml-node.js';
import type { FieldReader } from './field-reader.js';
import type { Part, Splits } from './part.js';
import { partition } from './partition.js';

/** The files of a tree: `list` may be long and out of date, `isFile` tells of one whether it is there. */
export interface Tree {
  caseInsensitive: boolean;
  list: readonly string[];
  isFile(path: string): boolean;
  /** Every file, whatever git ignores. */
  all(): readonly string[];
}

/** A `split` that has been read. */
export interface Split {
  /** None when something is wrong with it. */
  parts: readonly Part[];
  /** Endings of file names and what they become. */
  rename: ReadonlyMap<string, string>;
}

/**
 * The parts that the value of a task's `split` makes. `kept` is how the files were divided before (a run that goes on),
 * `tree` where they are looked for otherwise.
 */
export function readSplit(
  of: string,
  node: YamlNode,
  fields: FieldReader,
  { kept, tree }: { kept: Splits; tree: Tree | undefined },
): Split {
  const get = (key: string) => entriesOf(node).get(key)?.value;
  const rename = new Map(Object.entries(fields.record(get('rename'))));
  const into = fields.count(get('into'), 'into', 1);
  const files = get('files');
  const patterns = readPatterns(files, fields);
  const known = Object.hasOwn(kept, of) ? kept[of] : undefined;
  if (known !== undefined) return { parts: partsOf(of, known), rename };
  if (into === undefined || patterns.length === 0 || tree === undefined) return { parts: [], rename };
  const matches = createMatcher(
    patterns.map(({ text }) => text),
    { caseInsensitive: tree.caseInsensitive },
  );
  const found = tree.list.filter((path) => matches(path) && tree.isFile(path));
  if (found.length === 0) {
    const ignored = tree.all().filter(matches).length;
    const shown = patterns.map(({ text }) => JSON.stringify(text)).join(', ');
    fields.problems.addOnce({
      code: 'split-empty',
      message: `no file matches ${shown}, so there is nothing to split`,
      at: files!,
      hint:
        ignored > 0
          ? `git ignores ${ignored === 1 ? 'the one file' : `the ${ignored} files`} that would match`
          : 'patterns are relative to root',
    });
  }
  return { parts: partsOf(of, partition(found, into)), rename };
}

function partsOf(of: string, shares: readonly (readonly string[])[]): Part[] {
  return shares.map((files, i) => ({ of, index: i + 1, count: shares.length, files }));
}

function readPatterns(node: YamlNode | undefined, fields: FieldReader): Pattern[] {
  if (node === undefined || node.kind === 'map') return [];
  if (node.kind === 'list') return fields.patterns(node);
  return fields.patterns({ kind: 'list', items: [node], start: node.start, end: node.end });
}
