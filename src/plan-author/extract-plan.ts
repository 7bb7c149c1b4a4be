/**
 * The plan in an agent's answer: the fenced block that has `tasks:` (the last of several, since agents correct
 * themselves), else what begins at `version:`, else the whole answer. Ends with one newline.
 */
export function extractPlan(answer: string): string {
  const lines = answer.replaceAll('\r\n', '\n').split('\n');
  const blocks = fencedBlocks(lines);
  const start = lines.findIndex((line) => /^(?:version|tasks):/.test(line));
  const text =
    blocks.findLast((block) => /^tasks:/m.test(block)) ??
    (start < 0 ? (blocks.at(-1) ?? lines.join('\n')) : lines.slice(start).join('\n'));
  return `${text.trim()}\n`;
}

/** The contents of blocks between fences. A fence inside a prompt is indented, so it ends none that is not. */
function fencedBlocks(lines: readonly string[]): string[] {
  const blocks: string[] = [];
  let open: { indent: number; fence: string; content: string[] } | undefined;
  for (const line of lines) {
    const [, indent = '', fence = '', rest = ''] = /^( *)(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (fence !== '') open = { indent: indent.length, fence, content: [] };
    } else if (fence.startsWith(open.fence) && indent.length <= open.indent && rest.trim() === '') {
      blocks.push(open.content.join('\n'));
      open = undefined;
    } else {
      open.content.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
    }
  }
  // An answer that was cut off has no closing fence.
  if (open !== undefined) blocks.push(open.content.join('\n'));
  return blocks;
}
