/** Sourced by every escape. `land` writes where the real tree is thought to be; `open` says that a door was open; `$OUT/ran-…` that it got so far. */
export const LIBRARY = `
me=$FORGE_TASK
land() { for d; do { echo PWNED >"$d/victim/$me.txt"; echo PWNED >"$d/.git/hooks/$me"; } 2>/dev/null; done; }
open() { echo "$*" >>"$OUT/opened-$me"; }
writable() { for f; do if [ -e "$f" ] && ( : >>"$f" ) 2>/dev/null; then open "$f"; fi; done; }
again() { cd /; cd "$R" 2>/dev/null; land "$R" .; }
T=$(mktemp -d) || exit 1
export T
: >"$OUT/ran-$me"
`;

/** In a namespace of the escape's own, where it is root. */
const nested = (script: string) => `unshare -Urm sh -c '. "$OUT/lib.sh"; ${script}'`;

/**
 * Ways out of a view, as shell scripts. $R is the real working tree, $STATE forge's state folder, $OUT a folder that
 * everybody shares, $DISK a disk (real root only).
 */
export const ESCAPES: Readonly<Record<string, string>> = {
  'sibling-upper': `until [ -e "$OUT/sibling-ready" ]; do sleep 0.1; done
    for d in "$STATE"/* "$STATE"/*/*; do land "$d/upper" "$d/tree"; echo PWNED >"$d/upper/own/sibling.txt"; echo PWNED >"$d/tree/own/sibling.txt"; done 2>/dev/null
    touch "$OUT/attacked"`,
  'umount-view': 'umount -l "$PWD"; umount -l "$R"; again',
  'umount-everything':
    'cut -d" " -f5 /proc/self/mountinfo | sort -r | while read -r m; do umount -l "$m"; done; again',
  'remount-rw': 'mount -o remount,bind,rw "$R"; mount -o remount,rw "$R"; again',
  'bind-root': 'mount --bind / "$T"; land "$T$R"',
  'rbind-parent': 'mount --rbind "$R/.." "$T"; land "$T/${R##*/}"',
  'move-mount': 'mount --move "$R" "$T"; mount --move "$PWD" "$T"; again',
  'unshare-mounts': 'unshare -m sh -c \'. "$OUT/lib.sh"; umount -l "$R"; umount -l "$PWD"; again\'',
  'regain-capabilities': `for c in sys_admin all; do setpriv --inh-caps=+$c --ambient-caps=+$c umount -l "$R"; setpriv --bounding-set=+$c umount -l "$R"; done; again`,
  'file-capabilities': `cp "$(command -v umount)" "$T/u"; PATH=$PATH:/sbin:/usr/sbin setcap cap_sys_admin+ep "$T/u"; "$T/u" -l "$R"; again`,
  'userns-umount': nested('umount -l "$R"; umount -l "$PWD"; again'),
  'userns-bind': nested('mount --bind / "$T"; land "$T$R"; mount --bind "$R/.." "$T"; land "$T/${R##*/}"'),
  'userns-rbind': nested(
    'mount --rbind / "$T"; umount -l "$T$R"; land "$T$R"; umount -R -l "$T$R/.."; land "$T$R"',
  ),
  'userns-overlay': nested(
    'mkdir "$T/w" "$T/m"; mount -t overlay overlay -o "userxattr,lowerdir=$T,upperdir=$R/victim,workdir=$T/w" "$T/m"; echo PWNED >"$T/m/$me.txt"; mount -t overlay overlay -o "userxattr,lowerdir=/:$T,upperdir=$R,workdir=$R/.git" "$T/m"; land "$T/m"',
  ),
  'userns-remount': nested(
    'mount -o remount,bind,rw "$R"; mount --bind "$R" "$R"; mount -o remount,bind,rw "$R"; again',
  ),
  'userns-pivot': nested(
    'mount --bind "$T" "$T"; cd "$T"; mkdir old; pivot_root . old; land "/old$R"; umount -l "/old$R"; land "/old$R"',
  ),
  'userns-proc':
    'unshare -Urmpf sh -c \'. "$OUT/lib.sh"; mount -t proc proc "$T" || mount -t proc proc /proc; writable "$T/sys/kernel/core_pattern" "$T/sysrq-trigger"; for p in "$T"/[0-9]*; do land "$p/root$R" "$p/cwd"; done\'',
  'userns-cgroup': nested(
    'mount -t cgroup -o memory none "$T" || mount -t cgroup2 none "$T" || mount -t sysfs none "$T"; writable "$T/release_agent" "$T/kernel/uevent_helper"',
  ),
  'nsenter-1':
    'for o in "-m" "-m -p" "-U -m" "-a"; do nsenter -t 1 $o sh -c \'. "$OUT/lib.sh"; umount -l "$R"; again\'; done',
  'setns-file':
    'nsenter --mount=/proc/1/ns/mnt sh -c \'. "$OUT/lib.sh"; umount -l "$R"; again\'; nsenter --user=/proc/1/ns/user umount -l "$R"; again',
  'proc-1-root': 'land "/proc/1/root$R" /proc/1/root; ls /proc/1/root/ >/dev/null 2>&1 && open /proc/1/root',
  'proc-1-cwd': 'land /proc/1/cwd; ls /proc/1/cwd/ >/dev/null 2>&1 && open /proc/1/cwd',
  'proc-1-fd':
    'for f in 0 1 2 3 4 10; do readlink "/proc/1/fd/$f" && open "/proc/1/fd/$f"; land "/proc/1/fd/$f" "/proc/1/fd/$f/.."; done',
  'proc-all': 'for p in /proc/[0-9]*; do [ "$p" = "/proc/$$" ] || land "$p/root$R" "$p/cwd/../../..$R"; done',
  'inherited-descriptors': `for f in /proc/self/fd/* /proc/$$/fd/*; do land "$f" "$f/.." "$f/../..$R"; done
    for f in 3 4 5 6 7 8 9 10; do [ -e "/proc/$$/fd/$f" ] && [ "$(readlink "/proc/$$/fd/$f")" != "$0" ] && case $(readlink "/proc/$$/fd/$f") in /*) open "descriptor $f";; esac; done`,
  'keeper-memory':
    'writable /proc/1/mem; cat /proc/1/environ >/dev/null 2>&1 && open /proc/1/environ; cat /proc/1/maps >/dev/null 2>&1 && [ -n "$(cat /proc/1/maps)" ] && open /proc/1/maps',
  'kill-keeper': 'kill -KILL 1; kill -TERM 1; kill -STOP 1; kill -SEGV 1; again',
  'disk-in-dev': `for d in $DISK $(find /dev -type b 2>/dev/null); do [ -n "$(head -c 64 "$d" 2>/dev/null | tr -d '\\0')" ] && open "$d"; done`,
  'mknod-disk': `i=0; for n in /sys/block/*/dev; do i=$((i+1)); mknod "$T/d$i" b $(tr ':' ' ' <"$n") && [ -n "$(head -c 64 "$T/d$i" 2>/dev/null | tr -d '\\0')" ] && open "$n"; mknod "own/d$i" b $(tr ':' ' ' <"$n"); done`,
  'kernel-settings':
    'writable /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches /proc/sysrq-trigger /proc/irq/default_smp_affinity',
  'sys-and-cgroups':
    'writable /sys/kernel/uevent_helper /sys/power/state /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs /sys/block/*/uevent',
  'state-folder':
    'echo PWNED >"$STATE/PWNED"; for d in "$STATE"/*-*; do echo PWNED >"$d/owner.json"; [ -e "$d/mounts" ] && open "$d"; done; ls -d "$STATE"/*.sibling.* 2>/dev/null && open sibling',
  'forge-folder':
    'mkdir -p "$R/.forge/runs/x" .forge/runs/x; for d in "$R/.forge" .forge; do echo PWNED >"$d/merging"; echo PWNED >"$d/PWNED"; ls -d "$d"/runs/*/journal.ndjson && open "$d"; done',
  'symlink-swap':
    'land "$OUT/to-root"; rm -rf own victim; ln -s "$R/victim" own; ln -s "$OUT/to-root/victim" victim; echo PWNED >"own/$me.txt"; land "$R"',
  'hard-link':
    'ln "$R/victim/$me.txt" "own/$me"; echo PWNED >>"own/$me"; ln "$R/victim/$me.txt" "$T/h"; echo PWNED >>"$T/h"; ln "$R/.git/HEAD" "$T/head"; echo "ref: refs/heads/PWNED" >"$T/head"',
  chroot:
    'chroot /proc/1/root sh -c \'. "$OUT/lib.sh"; land "$R"\'; chroot "/proc/self/root/.." sh -c \'. "$OUT/lib.sh"; umount -l "$R"; again\'',
  'git-work-tree':
    'for d in "$R" "$OUT/to-root"; do git --git-dir="$d/.git" --work-tree="$d" -c user.name=t -c user.email=t@e.org commit -qam PWNED --allow-empty; git --git-dir="$d/.git" update-ref refs/heads/PWNED HEAD; git --git-dir="$d/.git" --work-tree="$d" rm -qrf victim; done',
};
