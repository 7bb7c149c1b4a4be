import { GIT_REDIRECTS } from '../../util/git/git.js';

/**
 * Variables of forge's own environment that commands do not get: forge's test switches, the shell's memory of a folder
 * that is not theirs, and NODE_TEST_CONTEXT, with which a gate's `node --test` would take itself for a part of another
 * test run, skip every test and pass. Nor do they get what leads git to the real repository (see `GIT_REDIRECTS`).
 */
const KEPT_BACK = ['FORGE_FAULT', 'FORGE_BACKOFF_MS', 'OLDPWD', 'NODE_TEST_CONTEXT'];

/** What every command gets from the shell that started forge. */
export function inheritedEnvironment(): Record<string, string> {
  const isKept = (name: string) => !KEPT_BACK.includes(name) && !GIT_REDIRECTS.test(name);
  const all = Object.entries(process.env as Record<string, string>);
  return Object.fromEntries(all.filter(([name]) => isKept(name)));
}
