#!/bin/sh
# start.sh NODE: starts Docker Engine on this machine, after installing Debian's when there is none. Fails without a
# trace when that is not for it to do: not Linux, not root, neither Debian nor Ubuntu.
# For tests of this script: DEV_ENGINE_DIR puts everything of the engine into another folder, DEV_ENGINE_ARGS adds
# arguments of dockerd. Two engines in one network namespace take each other's bridge: give the second its own.
set -eu

node=$1
here=${0%/*}
run=${DEV_ENGINE_DIR:-/var/run}
socket=$run/docker.sock
pid_file=$run/docker.pid
log=${DEV_ENGINE_DIR:-/var/log}/dockerd.log

say() { printf 'dev: %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
answers() { DOCKER_HOST=unix://$socket "$node" "$here/find.ts" >/dev/null; }

# shellcheck disable=SC1091 # it is the machine's own file
is_debian() { (. /etc/os-release && case " $ID ${ID_LIKE-} " in *" debian "*) exit 0 ;; *) exit 1 ;; esac) 2>/dev/null; }

# docker.io only recommends iptables and tini, and does not work without the first.
install_engine() {
  set --
  has dockerd || set -- "$@" docker.io
  has iptables || set -- "$@" iptables
  has ip || set -- "$@" iproute2
  has docker-init || set -- "$@" tini
  # Tests run engines on small disks of their own.
  has mkfs.ext4 || set -- "$@" e2fsprogs
  [ $# -eq 0 ] || "$here/../apt.sh" "$@"
}

# forget_dead NAME PID_FILE: sets $pid when the process runs; removes the file of one that was killed, since a process
# that got the same number later would keep dockerd from starting.
forget_dead() {
  pid=$(cat "$2" 2>/dev/null) || pid=
  if [ -n "$pid" ] && grep -q "$1" "/proc/$pid/comm" 2>/dev/null; then return; fi
  pid=
  rm -f "$2"
}

mount_cgroups() {
  if mountpoint -q /sys/fs/cgroup; then return; fi
  if mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null; then
    if [ -s /sys/fs/cgroup/cgroup.controllers ]; then return; fi
    umount /sys/fs/cgroup
  fi
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups | while read -r controller; do
    mkdir "/sys/fs/cgroup/$controller"
    mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" || rmdir "/sys/fs/cgroup/$controller"
  done
}

# Packets larger than what the machine's own way out takes would be lost.
smaller_mtu() {
  way_out=$(awk '$2 == "00000000" { print $1; exit }' /proc/net/route)
  mtu=$(cat "/sys/class/net/${way_out:-lo}/mtu" 2>/dev/null || echo 1500)
  [ "$mtu" -ge 1500 ] || printf '%s' "--mtu=$mtu"
}

start_dockerd() {
  forget_dead containerd "$run/docker/containerd/containerd.pid"
  forget_dead dockerd "$pid_file"
  if [ -d /run/systemd/system ] && [ -z "${DEV_ENGINE_DIR-}" ]; then
    say "starting docker.service"
    systemctl start docker
    pid=
  elif [ -n "$pid" ]; then
    say "waiting for dockerd (process $pid)"
  else
    say "starting dockerd, log in $log"
    mount_cgroups
    rm -f "$socket"
    # shellcheck disable=SC2046,SC2086 # several words or none
    (cd / && exec setsid dockerd --host "unix://$socket" --pidfile "$pid_file" --exec-root "$run/docker" \
      --data-root "${DEV_ENGINE_DIR:-/var/lib/docker}${DEV_ENGINE_DIR:+/data}" $(smaller_mtu) ${DEV_ENGINE_ARGS-}) \
      >>"$log" 2>&1 </dev/null 9>&- &
    pid=$!
  fi
  deadline=$(($(date +%s) + 60))
  until answers; do
    if [ "$(date +%s)" -gt "$deadline" ] || { [ -n "$pid" ] && ! kill -0 "$pid" 2>/dev/null; }; then
      tail -n 3 "$log" >&2 || true
      say "dockerd did not come up"
      exit 1
    fi
    sleep 0.1
  done
}

[ "$(uname -s)" = Linux ] && [ "$(id -u)" -eq 0 ] || exit 1
is_debian || has dockerd || exit 1
mkdir -p "$run"
exec 9>"$run/dev-engine.lock"
flock 9
answers && exit
install_engine
answers || start_dockerd
