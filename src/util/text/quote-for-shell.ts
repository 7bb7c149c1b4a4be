/** Gives a word as sh reads it back, quoted only where it has to be. */
export function quoteForShell(word: string): string {
  if (/^[A-Za-z0-9_./][A-Za-z0-9_./-]*$/.test(word)) return word;
  return word.startsWith('-') ? quoteForShell(`./${word}`) : `'${word.replaceAll("'", `'\\''`)}'`;
}
