/** A word as sh reads it back, in quotes only where it has to be. */
export function quoteForShell(word: string): string {
  return /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A path as a word of a shell command: no program takes `./-x` for an option. */
export function quotePathForShell(path: string): string {
  return quoteForShell(path.startsWith('-') ? `./${path}` : path);
}
