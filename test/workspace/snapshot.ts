import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * A tree as text, one line a path, byte-exact (names as latin1). Written apart from the code under test.
 * `times` adds inode and times, which tell that nothing was even rewritten.
 */
export function snapshot(
  dir: string,
  options: { without?: readonly string[]; times?: boolean; translate?: (target: string) => string } = {},
): string[] {
  const lines: string[] = [];
  walk(Buffer.from(dir), Buffer.alloc(0));
  return lines.sort();

  function walk(folder: Buffer, prefix: Buffer): void {
    for (const name of readdirSync(folder, { encoding: 'buffer' })) {
      if (options.without?.includes(name.toString())) continue;
      const path = Buffer.concat([folder, Buffer.from('/'), name]);
      const shown = Buffer.concat([prefix, name]);
      const stats = lstatSync(path, { bigint: true });
      const times = options.times ? ` ${stats.ino} ${stats.mtimeNs} ${stats.ctimeNs}` : '';
      const mode = (stats.mode & 0o7777n).toString(8);
      // What its owner may not read is opened for the snapshot (of a workspace, for which it is the last act).
      const needed = stats.isDirectory() ? 0o500n : 0o400n;
      if (process.getuid?.() !== 0 && !stats.isSymbolicLink() && (stats.mode & needed) !== needed)
        chmodSync(path, 0o700);
      const label = JSON.stringify(shown.toString('latin1'));
      if (stats.isDirectory()) {
        // A folder's times change when a .forge is made in it and removed.
        lines.push(`${label} dir ${mode}`);
        walk(path, Buffer.concat([shown, Buffer.from('/')]));
      } else if (stats.isSymbolicLink()) {
        const target = readlinkSync(path, { encoding: 'buffer' }).toString('latin1');
        lines.push(`${label} link ${JSON.stringify(options.translate?.(target) ?? target)}${times}`);
      } else if (stats.isFile()) {
        const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
        lines.push(`${label} file ${mode} ${hash}${times}`);
      } else {
        lines.push(`${label} special`);
      }
    }
  }
}
