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

/** Variables that point git at another repository or index than the one of its folder (git sets some in hooks and aliases). */
export const GIT_REDIRECTS =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX|GRAFT_FILE|SHALLOW_FILE|(LITERAL|GLOB|NOGLOB|ICASE)_PATHSPECS|EXTERNAL_DIFF)$/;

/** Where git's configuration lies: what it ignores is in there, too. */
const CONFIG_FILES: ReadonlySet<string> = new Set([
  ...['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_NOSYSTEM'],
]);

/** An environment without what would point git at another repository or make it behave in another way. */
export function withoutGitVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('GIT_') || CONFIG_FILES.has(name)),
  );
}
