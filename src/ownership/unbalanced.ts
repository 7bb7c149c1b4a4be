const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '{': '}' };

/** Takes a glob; gives the offset of the first bracket, brace, parenthesis or quote without a partner, or -1. */
export function unbalancedAt(glob: string): number {
  const open: { at: number; close: string }[] = [];
  for (let i = 0; i < glob.length; i += 1) {
    const char = glob[i]!;
    if (char === '\\') i += 1;
    else if (char === '"' || char === '[') {
      const close = char === '"' ? glob.indexOf('"', i + 1) : closingBracket(glob, i);
      if (close < 0) return i;
      i = close;
    } else if (CLOSERS[char] !== undefined) open.push({ at: i, close: CLOSERS[char] });
    else if (char === ')' || char === '}') {
      if (open.pop()?.close !== char) return i;
    } else if (char === ']') return i;
  }
  return open[0]?.at ?? -1;
}

/** Offset of the `]` that closes the class opened at `open`, or -1; a `]` that comes first stands for itself. */
function closingBracket(glob: string, open: number): number {
  let i = open + 1;
  if (glob[i] === '!' || glob[i] === '^') i += 1;
  if (glob[i] === ']') i += 1;
  for (; i < glob.length; i += 1) {
    if (glob[i] === '\\') i += 1;
    else if (glob.startsWith('[:', i) && glob.includes(':]', i + 2)) i = glob.indexOf(':]', i + 2) + 1;
    else if (glob[i] === ']') return i;
  }
  return -1;
}
