import { statSync } from 'node:fs';

/** A mount to make in a namespace. Paths are absolute and real. */
export type Mount =
  /** Options name their folders relative to the namespace's `cwd`, so that no path in them needs quoting. */
  | { type: 'overlay'; target: string; options: string }
  /** The target becomes read-only. */
  | { type: 'read-only'; target: string }
  /** The target shows another folder, with what is mounted below that. */
  | { type: 'bind'; from: string; target: string }
  /** The target (a device, or a folder of devices) is mounted on itself, so that it stays usable below a `nodev`. */
  | { type: 'device'; target: string }
  /** Device files in the target can't be opened, but for those that were mounted on themselves before. */
  | { type: 'no-devices'; target: string };

/**
 * The mounts as fstab(5), so that one mount(8) makes them all: starting a program for each costs a millisecond. mount(8)
 * skips what it takes for mounted already; hence a name of its own for each overlay, and `/.` behind a folder that is
 * mounted on itself. `source` is what overlays are called in the table of mounts.
 */
export function mountTable(mounts: readonly Mount[], source: string): string {
  return mounts
    .map((mount, index) => `${fields(mount, `${source}-${index}`).map(quoted).join(' ')} 0 0\n`)
    .join('');
}

function fields(mount: Mount, source: string): string[] {
  switch (mount.type) {
    case 'overlay':
      return [source, mount.target, 'overlay', mount.options];
    case 'read-only':
      return [itself(mount.target), itself(mount.target), 'none', 'rbind,ro'];
    case 'bind':
      return [mount.from, mount.target, 'none', 'rbind'];
    case 'device':
      return [mount.target, mount.target, 'none', 'rbind'];
    case 'no-devices':
      return [itself(mount.target), itself(mount.target), 'none', 'rbind,nodev'];
    default:
      return mount satisfies never;
  }
}

function itself(target: string): string {
  return statSync(target, { throwIfNoEntry: false })?.isDirectory() ? `${target}/.` : target;
}

/** As fstab(5) wants it: white space, `#` and backslashes as octal escapes. */
function quoted(text: string): string {
  return text.replace(/[\s\\#]/g, (char) =>
    [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  );
}

/** One line of a table of mounts (proc(5), mountinfo). */
export interface Mounted {
  target: string;
  source: string;
}

/** Reads a mountinfo file's text. */
export function readMounts(table: string): Mounted[] {
  return table
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, , , , target = '', ...rest] = line.split(' ');
      return { target: plain(target), source: plain(rest[rest.indexOf('-') + 2] ?? '') };
    });
}

function plain(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
