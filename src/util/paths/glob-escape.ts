/**
 * The pattern that matches a path (and what is below it) and nothing else: with a backslash before what picomatch may
 * read otherwise. A backslash itself goes into brackets, since picomatch takes two escaped ones in a row for one; so does
 * what stands before a dot and might begin a `..` of its own inside braces or parentheses.
 */
export function escapeGlob(path: string): string {
  return path.replace(/([{,(|])(?=\.)|[^\p{L}\p{N}\p{M}\p{Cs}/._\- ;=%~&'<>]/gu, (char, opening?: string) =>
    char === '\\' ? '[\\\\]' : opening === undefined ? `\\${char}` : `[${char}]`,
  );
}
