import { mkdirSync } from 'node:fs';
import { type ChangesetEntry, chooseBackend } from '../../src/workspace/index.js';
import type { Grounds } from './grounds.js';

/** Runs a script in a workspace, lets the user do something in root, and collects. */
export async function collectWhile(
  grounds: Grounds,
  script: string,
  user: () => void,
): Promise<readonly ChangesetEntry[]> {
  const { root, setting, state } = grounds;
  process.env.FORGE_STATE_DIR = state;
  if (setting.isolation === undefined) delete process.env.FORGE_ISOLATION;
  else process.env.FORGE_ISOLATION = setting.isolation;
  mkdirSync(`${root}/.forge`, { recursive: true });
  const { backend } = await chooseBackend({
    root,
    wanted: setting.backend,
    runDir: `${root}/.forge`,
    runId: 'r',
  });
  const workspace = await backend.open({ root, start: [], name: 'r.edited.1' });
  try {
    await workspace.spawn({ argv: ['sh', '-c', script], env: { PATH: process.env.PATH ?? '' } }).ended;
    user();
    return (await workspace.collect(grounds.out())).changeset.entries;
  } finally {
    await workspace.close();
    await backend.close();
  }
}
