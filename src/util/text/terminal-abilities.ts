/** What decides about colours: the command line's flag, the environment, and whether the stream is a terminal. */
export interface ColorQuestion {
  /** `--color` is true, `--no-color` false. */
  flag: boolean | undefined;
  env: NodeJS.ProcessEnv;
  isTTY: boolean | undefined;
}

/** Whether to print colours: the flag first, then FORCE_COLOR (as Node does, it beats NO_COLOR), NO_COLOR (no-color.org), then terminals that are not `dumb`. */
export function wantsColor({ flag, env, isTTY }: ColorQuestion): boolean {
  if (flag !== undefined) return flag;
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return isTTY === true && env.TERM !== 'dumb';
}

/** Whether a terminal can show more than ASCII: not the Linux console or a dumb terminal, and no locale that says otherwise (no locale at all says nothing, as in most containers). */
export function supportsUnicode(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (env.TERM === 'linux' || env.TERM === 'dumb') return false;
  if (platform === 'win32')
    return Boolean(env.WT_SESSION) || env.TERM_PROGRAM === 'vscode' || env.ConEmuTask === '{cmd::Cmder}';
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG;
  return !locale || /utf-?8/i.test(locale);
}
