/** The names of Linux capabilities (capabilities(7)) without `cap_`, in the kernel's order. */
export const CAPABILITIES: readonly string[] =
  `chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
  net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin
  sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override
  mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore`.split(/\s+/);

/** `CAP_SYS_ADMIN`, `sys_admin` and the like as `sys_admin`; undefined for what is no capability. */
export function capabilityName(text: string): string | undefined {
  const name = text.trim().toLowerCase().replace(/^cap_/, '');
  return CAPABILITIES.includes(name) ? name : undefined;
}
