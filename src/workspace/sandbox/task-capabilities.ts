import { CAPABILITIES } from '../../util/process/capabilities.js';

/**
 * What a command run by real root keeps: what a container gives root, without making device nodes. Nothing in it lets
 * a process change mounts, enter another's namespaces, look into a process that has more, or reach the hardware.
 */
const KEPT: readonly string[] =
  `chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot audit_write
  setfcap`.split(/\s+/);

/**
 * Arguments of setpriv(1) that take the other capabilities from a command and all it starts, for good. uid 0 would get
 * each one back at every exec; an ordinary user has none to lose but those that a file may carry, and they go as well.
 */
export function capabilityArguments(wanted: readonly string[] = []): string[] {
  const kept =
    process.getuid?.() === 0 ? [...KEPT, ...wanted.filter((name) => CAPABILITIES.includes(name))] : [];
  const bounding = ['-all', ...new Set(kept.map((name) => `+${name}`))].join(',');
  return ['--inh-caps=-all', `--bounding-set=${bounding}`, '--'];
}
