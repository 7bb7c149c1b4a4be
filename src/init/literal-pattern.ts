/** Gives a path as a pattern that means just that path. */
export function literal(path: string): string {
  return path.replace(/[\\*?[\]{}()!+@|]/g, '\\$&');
}
