import type { Adapter } from './adapter.js';

export type { Adapter, AgentEvent, Ownership, Question, Verdict } from './adapter.js';
export { listPersonas, type PersonaEntry, readPersona } from './persona.js';
export { AgentUnavailableError } from './preflight.js';
export { type PromptContext, renderPrompt } from './prompt.js';

const LOADERS: ReadonlyMap<string, () => Promise<Adapter>> = new Map([
  ['shell', async () => (await import('./shell.js')).shell],
  ['droid', async () => (await import('./droid/droid.js')).droid],
]);

/** Names that a plan may use for `agent`: adapters that take prompts. */
export const agentNames: readonly string[] = [...LOADERS.keys()].filter((name) => name !== 'shell');

/** The adapter of that name, loaded only now, so that `forge check` pays for none. @throws for a name that is neither in `agentNames` nor `shell` */
export async function loadAdapter(name: string): Promise<Adapter> {
  const load = LOADERS.get(name);
  if (load === undefined) throw new Error(`there is no agent called '${name}'`);
  return await load();
}
