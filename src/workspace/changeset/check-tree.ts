import { below } from '../../util/paths/path.js';

/** What compares paths one by one. */
interface Checker {
  check(path: string): Promise<void>;
  /** Whether nothing more is to be learned about a path and what is below it. */
  isSettled(path: string): boolean;
}

/** Has a path and everything below it, on any of the sides, compared. */
export async function checkTree(
  top: string,
  checker: Checker,
  sides: readonly { children(path: string): string[] }[],
): Promise<void> {
  const queue = [top];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    await checker.check(path);
    if (checker.isSettled(path)) continue;
    const folder = path;
    for (const name of new Set(sides.flatMap((side) => side.children(folder))))
      queue.push(below(folder, name));
  }
}
