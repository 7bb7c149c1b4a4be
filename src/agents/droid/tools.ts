/** What the categories of a persona's `tools` stand for (docs.factory.ai, "Custom droids"; droid 0.215). */
const CATEGORIES: Readonly<Record<string, readonly string[]>> = {
  'read-only': ['Read', 'LS', 'Grep', 'Glob'],
  edit: ['Create', 'Edit', 'ApplyPatch'],
  execute: ['Execute'],
  web: ['WebSearch', 'FetchUrl'],
};

/**
 * Takes a persona's `tools`; gives the flags that limit droid to them. MCP tools have no ids that are known
 * beforehand, so a persona that may use them is limited by what is taken away instead.
 */
export function toolFlags(tools: readonly string[] | undefined): string[] {
  if (tools === undefined) return [];
  const allowed = new Set(tools.flatMap((tool) => CATEGORIES[tool] ?? (tool === 'mcp' ? [] : [tool])));
  if (!tools.includes('mcp')) return ['--only-tools', [...allowed].join(',')];
  const removed = Object.values(CATEGORIES)
    .flat()
    .filter((tool) => !allowed.has(tool));
  return removed.length === 0 ? [] : ['--remove-tools', removed.join(',')];
}
