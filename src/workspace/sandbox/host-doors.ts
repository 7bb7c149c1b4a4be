import { lstatSync, readdirSync } from 'node:fs';
import { isWithin } from '../../util/paths/path.js';
import type { Mount, Mounted } from './mount-table.js';

/** What is read-only in containers too: uid 0 may write there without any capability, and it is the whole machine's. */
const KERNEL = ['acpi', 'bus', 'fs', 'irq', 'mtrr', 'scsi', 'sys', 'sysrq-trigger'];
/** Devices that a task may open; all others (disks first of all) stay visible and can't be opened. */
const DEVICES = /^(null|zero|full|random|urandom|tty|fuse|kvm|kfd|dri|net|accel|nvidia.*)$/;

/**
 * Mounts that close the doors through which uid 0 would reach the machine itself and that all namespaces of a run have in
 * common: all of /sys (cgroups too) becomes read-only, and of the files in /dev only DEVICES can be opened, also of those
 * that come later. `mounted`: the table of mounts outside.
 */
export function machineDoors(mounted: readonly Mounted[]): Mount[] {
  const points = new Set(mounted.map(({ target }) => target));
  const sys = [...points].filter((target) => isWithin(target, '/sys'));
  const devices = names('/dev')
    .filter((name) => DEVICES.test(name))
    .map((name) => `/dev/${name}`)
    .filter(isDeviceOrFolder);
  const dev: Mount[] = points.has('/dev')
    ? [{ type: 'remount', target: '/dev', flag: 'nodev' }]
    : exists('/dev')
      ? [{ type: 'no-devices', target: '/dev' }]
      : [];
  return [
    ...sys.map((target): Mount => ({ type: 'remount', target, flag: 'ro' })),
    ...devices.map((target): Mount => ({ type: 'device', target })),
    ...dev,
  ];
}

/** The doors of one namespace: its own /proc, in which /proc/sys and its like become read-only, and terminals of its own. */
export function taskDoors(): Mount[] {
  const kernel = KERNEL.map((name) => `/proc/${name}`).filter(exists);
  return [
    ...kernel.map((target): Mount => ({ type: 'read-only', target })),
    // Not the terminals of whoever is logged in. The node in devtmpfs finds its terminals only beside itself.
    ...(exists('/dev/pts/ptmx') && isDeviceOrFolder('/dev/ptmx')
      ? ([
          { type: 'terminals', target: '/dev/pts' },
          { type: 'bind', from: '/dev/pts/ptmx', target: '/dev/ptmx' },
        ] as const)
      : []),
  ];
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isDeviceOrFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && (stats.isCharacterDevice() || stats.isDirectory());
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A system without /dev has no devices to close.
    return [];
  }
}
