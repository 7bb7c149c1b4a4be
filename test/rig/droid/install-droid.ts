import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The version that NOTES and the tests were measured with. */
export const DROID_VERSION = '0.215.0';

/**
 * Gives the absolute path of the real droid binary. It is installed from npm (300 MB) the first time, into
 * `$FORGE_TEST_CACHE` or `~/.cache/forge-test`, and used again afterwards. Throws when npm cannot install it.
 */
export async function installDroid(): Promise<string> {
  const cache = process.env.FORGE_TEST_CACHE ?? join(homedir(), '.cache', 'forge-test');
  const home = join(cache, `droid-${DROID_VERSION}`);
  const binary = join(home, 'node_modules', '.bin', 'droid');
  if (existsSync(binary)) return binary;
  // Installed beside and renamed: an interrupted or a second, simultaneous install never leaves half a droid.
  const staging = `${home}.${process.pid}`;
  await mkdir(staging, { recursive: true });
  const npm = promisify(execFile);
  const install = ['install', '--prefix', staging, '--no-audit', '--no-fund', `droid@${DROID_VERSION}`];
  await npm('npm', install, { maxBuffer: 1 << 24 });
  try {
    await rename(staging, home);
  } catch (error) {
    if (!existsSync(binary)) throw error;
    await rm(staging, { recursive: true });
  }
  return binary;
}
