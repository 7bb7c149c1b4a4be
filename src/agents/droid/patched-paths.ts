/**
 * Takes the input of droid's ApplyPatch tool; gives every path that its patch names, as written. The patch is in
 * `input`, as text or (seen with droid 0.215) as text of a JSON object that holds it once more.
 */
export function patchedPaths(toolInput: Readonly<Record<string, unknown>>): string[] {
  const patch = patchText(toolInput.input ?? toolInput.patch);
  const headers = patch.matchAll(/^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+?)\s*$/gm);
  return Array.from(headers, ([, path]) => path!);
}

function patchText(input: unknown): string {
  if (typeof input !== 'string') return '';
  if (!input.trimStart().startsWith('{')) return input;
  try {
    return patchText((JSON.parse(input) as { input?: unknown }).input);
  } catch {
    return input; // a patch that merely begins with a brace
  }
}
