#!/bin/bash
# Boots a real systemd as PID 1 in namespaces of its own, over a throw-away overlay of this machine's root file system:
# a machine to install the daemon on, gone without a trace afterwards.
#
#   systemd_boot.sh possible             exit status 0, or 77 and the reason why this machine can't
#   systemd_boot.sh start DIRECTORY      boots; DIRECTORY is empty and keeps what the others need
#   systemd_boot.sh root DIRECTORY       prints its root as a path that this machine can write to
#   systemd_boot.sh run DIRECTORY CMD... runs a command in it
#   systemd_boot.sh stop DIRECTORY       shuts it down
#
# It has its own loopback and nothing else of a network. Only basic.target is started: the journal, temporary files,
# sockets, and none of this machine's services.
set -euo pipefail
script=$(readlink -f "$0")
clean_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

fail() { echo "systemd_boot: $*" >&2; exit 1; }

# The hierarchies of control groups here, a line each: where it is mounted, its name, our group in it.
hierarchies() {
  local id controllers group
  while IFS=: read -r id controllers group; do
    if [[ $id == 0 ]]; then
      for mounted in /sys/fs/cgroup /sys/fs/cgroup/unified; do
        [[ $(stat -fc %T "$mounted" 2>/dev/null) == cgroup2fs ]] && echo "$mounted unified ${group%/}"
      done
    elif [[ -e /sys/fs/cgroup/${controllers#name=}/cgroup.procs ]]; then
      echo "/sys/fs/cgroup/${controllers#name=} ${controllers#name=} ${group%/}"
    fi
  done < /proc/self/cgroup
}

# Systemd wants a group of its own in every hierarchy; a namespace makes that group the root.
make_groups() {
  local mounted group name made
  while read -r mounted name group; do
    made=$mounted$group/sluice-boot-$$
    mkdir "$made" 2>/dev/null || continue
    if [[ $name == cpuset ]]; then  # a new one is empty, and takes no process while it is
      cat "$mounted$group/cpuset.cpus" > "$made/cpuset.cpus"
      cat "$mounted$group/cpuset.mems" > "$made/cpuset.mems"
    fi
    echo "$made"
  done < <(hierarchies)
}

join_groups() {
  local made
  while read -r made; do echo "$BASHPID" > "$made/cgroup.procs" || true; done < "$1/groups"
}

remove_groups() {
  local made
  while read -r made; do
    for _ in {1..40}; do
      find "$made" -depth -type d -exec rmdir {} + 2>/dev/null || true
      [[ -d $made ]] || break
      sleep 0.05
    done
  done < "$1/groups"
}

# A zombie counts as gone: its parent may reap it late.
alive() { [[ -r /proc/$1/stat && $(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null || echo Z) != Z ]]; }

possible() {
  local reason
  if [[ $(id -u) != 0 ]]; then reason="it needs root"
  elif [[ ! -x /lib/systemd/systemd ]]; then reason="systemd is not installed"
  elif ! command -v nsenter unshare pivot_root ip > /dev/null; then reason="it needs nsenter, unshare, pivot_root and ip"
  elif ! unshare --fork --pid --mount --uts --ipc --cgroup --net true 2>/dev/null; then reason="no namespaces here"
  elif [[ -z $(hierarchies) ]]; then reason="no control groups here"
  elif ! unshare --mount --propagation private bash -c '
      mount -t tmpfs none /tmp && mkdir /tmp/{a,b,c} &&
      mount -t overlay none -o lowerdir=/,upperdir=/tmp/a,workdir=/tmp/b /tmp/c' 2>/dev/null; then
    reason="no overlay file system here"
  else return 0; fi
  echo "skipped: a real systemd can't be booted on this machine: $reason"
  return 77
}

start() {
  local directory outer pid state
  mkdir -p "$1"; directory=$(readlink -f "$1")
  [[ ! -e $directory/pid ]] || fail "$directory is in use"
  mkdir "$directory/overlay"; : > "$directory/console"
  make_groups > "$directory/groups"
  (
    join_groups "$directory"
    exec unshare --fork --pid --kill-child --mount --propagation private --uts --ipc --cgroup --net \
      "$script" __become_systemd "$directory" < /dev/null >> "$directory/console" 2>&1
  ) &
  outer=$!; disown "$outer"
  for _ in {1..250}; do
    pid=$(tr -d ' ' < "/proc/$outer/task/$outer/children" 2>/dev/null || true)
    [[ -n $pid ]] && break
    sleep 0.02
  done
  [[ -n $pid ]] || { cat "$directory/console" >&2; remove_groups "$directory"; fail "no process in the namespaces"; }
  echo "$pid" > "$directory/pid"
  for _ in {1..1200}; do
    alive "$pid" || { tail -30 "$directory/console" >&2; remove_groups "$directory"; fail "systemd ended"; }
    if [[ $(cat "/proc/$pid/comm") == systemd && -S /proc/$pid/root/run/systemd/private ]]; then
      state=$(run "$directory" systemctl is-system-running 2>/dev/null || true)
      [[ $state == running || $state == degraded ]] && return 0
    fi
    sleep 0.05
  done
  tail -30 "$directory/console" >&2
  fail "not running after 60 s"
}

# PID 1 of the new namespaces, until it becomes systemd.
become_systemd() {
  local directory=$1 overlay=$1/overlay root=$1/overlay/root
  mount -t tmpfs -o size=2g,mode=755 overlay "$overlay"
  mkdir "$overlay/upper" "$overlay/work" "$root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$overlay/upper,workdir=$overlay/work" "$root"
  mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
  mount -t sysfs -o nosuid,nodev,noexec,ro sysfs "$root/sys" 2>/dev/null || mount --rbind /sys "$root/sys"
  for place in run:755 tmp:1777; do mount -t tmpfs -o "mode=${place#*:},nosuid,nodev" tmpfs "$root/${place%:*}"; done
  mkdir -p "$root/run/lock"
  mount_devices "$directory" "$root/dev"
  mount_groups "$root/sys/fs/cgroup"
  forget_services "$root"
  ip link set lo up
  mkdir "$root/old"; cd "$root"
  pivot_root . old; umount -l /old; rmdir /old
  mount --make-rshared /
  exec env -i container=sluice-test PATH=$clean_path LANG=C.UTF-8 SYSTEMD_LOG_TARGET=console \
    /lib/systemd/systemd --system --unit=sluice-test.target --show-status=no
}

mount_devices() {
  local directory=$1 dev=$2 node
  mount -t tmpfs -o mode=755,nosuid,size=16m tmpfs "$dev"
  for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    IFS=: read -r name major minor <<< "$node"
    mknod -m 666 "$dev/$name" c "$major" "$minor"
  done
  ln -s /proc/self/fd "$dev/fd"
  ln -s /proc/self/fd/0 "$dev/stdin"; ln -s /proc/self/fd/1 "$dev/stdout"; ln -s /proc/self/fd/2 "$dev/stderr"
  mkdir "$dev/pts" "$dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$dev/pts"
  ln -s pts/ptmx "$dev/ptmx"
  mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$dev/shm"
  : > "$dev/console"
  mount --bind "$directory/console" "$dev/console"
}

# Mounted anew inside the namespace of control groups, each hierarchy shows our group as its root.
mount_groups() {
  local at=$1 mounted group name
  if [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]]; then
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$at"
    return
  fi
  mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs "$at"
  while read -r mounted name group; do
    mkdir "$at/$name"
    case $name in
      unified) mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$at/$name" ;;
      systemd) mount -t cgroup -o nosuid,nodev,noexec,none,name=systemd,xattr cgroup "$at/$name" ||
               mount -t cgroup -o nosuid,nodev,noexec,none,name=systemd cgroup "$at/$name" ;;
      *) mount -t cgroup -o "nosuid,nodev,noexec,$name" cgroup "$at/$name" ;;
    esac || echo "control group $name: not mounted"
  done < <(hierarchies)
}

# Nothing of this machine starts in there, and nothing of it waits for hardware.
forget_services() {
  local root=$1 units=$1/etc/systemd/system unit
  : > "$root/etc/fstab"; echo sluice-test > "$root/etc/hostname"; hostname sluice-test; : > "$root/etc/machine-id"
  rm -rf "$root/var/log/journal"
  mkdir -p "$units"
  rm -rf "$units"/*.target.wants "$units"/*.target.requires
  for unit in systemd-{udevd,udev-trigger,timesyncd,logind,networkd,resolved,remount-fs,modules-load,sysctl}.service \
              systemd-{random-seed,binfmt,hwdb-update,firstboot,update-utmp,machine-id-commit}.service \
              systemd-udevd-{control,kernel}.socket systemd-update-utmp-runlevel.service ldconfig.service \
              {keyboard,console}-setup.service apparmor.service e2scrub_reap.service getty.target \
              sys-kernel-{config,debug,tracing}.mount sys-fs-fuse-connections.mount dev-{hugepages,mqueue}.mount \
              proc-sys-fs-binfmt_misc.{automount,mount} systemd-ask-password-{console,wall}.path; do
    ln -sfn /dev/null "$units/$unit"
  done
  printf '%s\n' '[Unit]' 'Requires=basic.target' 'After=basic.target' 'AllowIsolate=yes' > "$units/sluice-test.target"
}

run() {
  local directory=$1 pid; shift
  pid=$(cat "$directory/pid")
  (
    join_groups "$directory" 2>/dev/null
    exec nsenter -t "$pid" --mount --uts --ipc --net --pid --cgroup --root --wd \
      env -i PATH=$clean_path LANG=C.UTF-8 TERM=dumb HOME=/root SYSTEMD_PAGER= "$@"
  )
}

stop() {
  local directory pid status=0
  directory=$(readlink -f "$1"); pid=$(cat "$directory/pid")
  kill -s RTMIN+4 "$pid" || true  # systemd(1): start poweroff.target
  for _ in {1..400}; do alive "$pid" || break; sleep 0.05; done
  if alive "$pid"; then
    echo "systemd_boot: no clean shutdown in 20 s" >&2
    kill -9 "$pid" || true
    status=1
  fi
  remove_groups "$directory"
  rm -f "$directory/pid"; rmdir "$directory/overlay" 2>/dev/null || true
  return $status
}

case ${1:-} in
  possible) possible ;;
  start | stop) "$1" "${2:?DIRECTORY}" ;;
  root) echo "/proc/$(cat "${2:?DIRECTORY}/pid")/root" ;;
  run) shift; run "$@" ;;
  __become_systemd) become_systemd "$2" ;;
  *) sed -n '2,12p' "$script"; exit 2 ;;
esac
