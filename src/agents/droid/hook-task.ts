import type { Ownership } from '../adapter.js';

/** What the hooks of one attempt need to know; the adapter writes it as JSON beside the prompt. */
export interface HookTask {
  id: string;
  /** Where the agent sees the tree, absolute. */
  workspace: string;
  owns: readonly string[];
  others: readonly Ownership[];
  caseInsensitive: boolean;
  verify?: string;
  /** How long `verify` may take, ms. */
  verifyTimeoutMs: number;
  /** The attempt's own folder, for what the hooks remember. */
  scratch: string;
}
