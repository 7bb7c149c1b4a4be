/** Arguments of git that keep a repository from running programs of its own while forge looks at it. */
export const NO_PROGRAMS: readonly string[] = [
  ...['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'],
];

/**
 * The same, for one of another user too (root in somebody's folder, a bind mount): whose files they are decides nothing
 * about what a run may merge. Filters (gitattributes(5)) can't be turned off like that: what may run them is for
 * repositories that git itself trusts.
 */
export const CAREFUL_GIT: readonly string[] = ['-c', 'safe.directory=*', ...NO_PROGRAMS];

/** An environment without GIT_DIR and its kind, which would point git at another repository (set inside a git hook). */
export function withoutGitVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
}
