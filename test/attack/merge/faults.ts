/** Every fault point of the merge (src/merge/transaction/fault.ts), in the order they are passed. */
export const FAULTS = [
  ...['merge-staging', 'merge-staged', 'merge-planned', 'merge-committed'],
  ...['merge-deleted', 'merge-folder', 'merge-displaced', 'merge-renamed', 'merge-mode'],
  ...['merge-synced', 'merge-ref', 'merge-unstaged', 'merge-recorded', 'merge-done'],
] as const;
