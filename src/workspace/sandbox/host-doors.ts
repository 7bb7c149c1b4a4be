import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { unlessOutOfReach } from '../../util/errors.js';
import { isWithin } from '../../util/paths/path.js';
import { type Mount, type Mounted, readOnly } from './mount-table.js';

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
  const sys = [...points]
    .filter((target) => isWithin(target, '/sys'))
    .map((target): Mount => ({ type: 'remount', target, flag: 'ro' }));
  const names = unlessOutOfReach(() => readdirSync('/dev'));
  // A system without /dev has no devices to close.
  if (names === undefined) return sys;
  const devices = names
    .filter((name) => DEVICES.test(name))
    .map((name) => `/dev/${name}`)
    .filter(isDeviceOrFolder);
  return [
    ...sys,
    ...devices.map((target): Mount => ({ type: 'bind', from: target, target })),
    { type: points.has('/dev') ? 'remount' : 'restrict', target: '/dev', flag: 'nodev' },
  ];
}

/** The doors of one namespace: its own /proc, in which /proc/sys and its like become read-only, and terminals of its own. */
export function taskDoors(): Mount[] {
  const kernel = KERNEL.map((name) => `/proc/${name}`).filter((path) => existsSync(path));
  const doors = kernel.map(readOnly);
  // Not the terminals of whoever is logged in. The node in devtmpfs finds its terminals only beside itself.
  if (existsSync('/dev/pts/ptmx') && isDeviceOrFolder('/dev/ptmx'))
    doors.push(
      { type: 'terminals', target: '/dev/pts' },
      { type: 'bind', from: '/dev/pts/ptmx', target: '/dev/ptmx' },
    );
  return doors;
}

function isDeviceOrFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && (stats.isCharacterDevice() || stats.isDirectory());
}
