/**
 * Takes the absolute path of a working tree; gives the paths of its files, sorted: what git does not ignore, without
 * node_modules. Loads what it needs only when it is called. Throws ForgeError (2) when git cannot list them.
 */
export async function filesOf(root: string): Promise<string[]> {
  const { isFile, listFiles } = await import('./list-files.js');
  return (await listFiles(root)).filter((path) => isFile(root, path)).sort();
}
