/** Tools of droid's that write files: the first three are in 0.215's init event, MultiEdit was in older versions. */
export const WRITING_TOOLS = ['Create', 'Edit', 'ApplyPatch', 'MultiEdit'] as const;
