import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Everything below a folder (`.git` and `.forge` too) by path: kind, mode, owner and content. `except` are names, at any
 * depth, that are left out. Two digests are equal when nothing was changed, made or removed.
 */
export function digest(dir: string, except: readonly string[] = []): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (folder: Buffer, prefix: string) => {
    for (const name of readdirSync(folder, { encoding: 'buffer' })) {
      const shown = prefix + name.toString('latin1');
      if (except.includes(name.toString('latin1'))) continue;
      const path = Buffer.concat([folder, Buffer.from('/'), name]);
      const stat = lstatSync(path);
      const about = `${(stat.mode & 0o177777).toString(8)} ${stat.uid}`;
      if (stat.isDirectory()) {
        found[`${shown}/`] = about;
        walk(path, `${shown}/`);
      } else if (stat.isSymbolicLink()) found[shown] = `${about} ${readlinkSync(path, 'latin1')}`;
      else if (stat.isFile())
        found[shown] = `${about} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
      else found[shown] = about;
    }
  };
  walk(Buffer.from(join(dir)), '');
  return found;
}

/** Compares a folder with an earlier digest of it; the message has only what differs. */
export function assertUnchanged(
  dir: string,
  before: Record<string, string>,
  where: string,
  except: readonly string[] = [],
): void {
  const now = digest(dir, except);
  const paths = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const differing = paths.filter((path) => before[path] !== now[path]);
  const shown = differing
    .slice(0, 10)
    .map((path) => `${path}: ${before[path] ?? 'nothing'} -> ${now[path] ?? 'gone'}`);
  assert.equal(differing.length, 0, `${where}:\n${shown.join('\n')}`);
}
