import { readFileSync, statSync } from 'node:fs';
import { unlessGone } from '../../util/errors.js';
import { isWithin } from '../../util/paths/path.js';

const LOCKED = new Set(['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'relatime']);

/** A mount to make in a namespace. Paths are absolute and real. */
export type Mount =
  /** Options name their folders relative to the namespace's `cwd`, so that no path in them needs quoting. */
  | { type: 'overlay'; target: string; options: string }
  /** The target shows another folder or device, with what is mounted below that; one shown on itself stays usable below a `nodev`. */
  | { type: 'bind'; from: string; target: string }
  /** The target becomes read-only, or device files in it can't be opened but for those that were shown on themselves before. */
  | { type: 'restrict'; target: string; flag: 'ro' | 'nodev' }
  /** The same of what is mounted on the target, in place. */
  | { type: 'remount'; target: string; flag: 'ro' | 'nodev' }
  /** The target shows the processes of the namespace's own. */
  | { type: 'processes'; target: string }
  /** The target shows terminals of the namespace's own, which any user of it may make. */
  | { type: 'terminals'; target: string };

export function readOnly(target: string): Mount {
  return { type: 'restrict', target, flag: 'ro' };
}

/**
 * The mounts as fstab(5), so that one mount(8) makes them all: starting a program for each costs a millisecond. mount(8)
 * skips what it takes for mounted already; hence a name of its own for each overlay, and `/.` behind a folder that is
 * mounted on itself. `source` is what overlays are called in the table of mounts; `outside` is that table as it is now.
 */
export function mountTable(mounts: readonly Mount[], source: string, outside: readonly Mounted[]): string {
  return mounts
    .map((mount, index) => `${fields(mount, `${source}-${index}`, outside).map(quoted).join(' ')} 0 0\n`)
    .join('');
}

function fields(mount: Mount, source: string, outside: readonly Mounted[]): string[] {
  const { target } = mount;
  switch (mount.type) {
    case 'overlay':
      return [source, target, 'overlay', mount.options];
    case 'bind':
      return [mount.from, target, 'none', 'rbind'];
    case 'restrict': {
      const place = statSync(target, { throwIfNoEntry: false })?.isDirectory() ? `${target}/.` : target;
      return [place, place, 'none', `rbind,${mount.flag}${lockedFlags(target, outside)}`];
    }
    case 'remount':
      return [source, target, 'none', `remount,bind,${mount.flag}${lockedFlags(target, outside)}`];
    case 'processes':
      return [`proc-${source}`, target, 'proc', 'nosuid,nodev,noexec'];
    case 'terminals':
      return [`pts-${source}`, target, 'devpts', 'newinstance,ptmxmode=0666,mode=0620'];
    default:
      return mount satisfies never;
  }
}

/**
 * The flags of the mount that a path lies on, to be given again when it is mounted on itself with one more: in a user
 * namespace the kernel refuses to take any of them away (mount_namespaces(7), "locked").
 */
function lockedFlags(path: string, outside: readonly Mounted[]): string {
  const holder = holderOf(path, outside);
  if (holder === undefined) return '';
  const flags = holder.flags.filter((flag) => LOCKED.has(flag));
  if (!flags.some((flag) => flag.endsWith('atime'))) flags.push('strictatime');
  return flags.map((flag) => `,${flag}`).join('');
}

/** As fstab(5) wants it: white space, `#` and backslashes as octal escapes. */
function quoted(text: string): string {
  return text.replace(/[\s\\#]/g, (char) =>
    [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  );
}

/** One line of a table of mounts (proc(5), mountinfo). */
export interface Mounted {
  /** Of the file system (`254:0`), and the folder of it that is shown. */
  device: string;
  root: string;
  target: string;
  source: string;
  /** Of the mount itself (`nosuid`), not of its file system. */
  flags: string[];
}

/** Folders below root on which something else is mounted. Empty where there is no /proc. */
export function mountsBelow(root: string): string[] {
  const points = new Set(readMounts().map(({ target }) => target));
  return [...points].filter((point) => point !== root && isWithin(point, root));
}

/** The text of the mountinfo file of this process; none where there is no /proc. */
export function mountTableHere(): string {
  return unlessGone(() => readFileSync('/proc/self/mountinfo', 'utf8')) ?? '';
}

/** Reads a mountinfo file's text; by default the mounts that this process sees. */
export function readMounts(table = mountTableHere()): Mounted[] {
  return table
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, , device = '', root = '', target = '', flags = '', ...rest] = line.split(' ');
      return {
        device,
        root: plain(root),
        target: plain(target),
        source: plain(rest[rest.indexOf('-') + 2] ?? ''),
        flags: flags.split(','),
      };
    });
}

/** The mount that a path lies on: the deepest, and of several on one folder the last. */
export function holderOf(path: string, mounted: readonly Mounted[]): Mounted | undefined {
  const holders = mounted.filter(({ target }) => isWithin(path, target));
  return holders.sort((a, b) => a.target.length - b.target.length).at(-1);
}

function plain(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
