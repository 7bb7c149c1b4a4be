/**
 * Splits TOML into its tables: gives name of table -> the text below its heading ('' for what comes before the first).
 * Enough to see which tables there are and to look for a key or a dependency in one; values are not parsed.
 */
export function tomlSections(text: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  let name = '';
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$/.exec(line);
    if (heading) name = heading[1]!.replaceAll(/["'\s]/g, '');
    const body = heading ? '' : `${line.replace(/^\s*#.*$/, '')}\n`;
    sections.set(name, (sections.get(name) ?? '') + body);
  }
  return sections;
}

/** Whether there is the table or one below it. */
export function hasSection(sections: ReadonlyMap<string, string>, name: string): boolean {
  return [...sections.keys()].some((key) => key === name || key.startsWith(`${name}.`));
}
