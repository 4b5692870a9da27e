# shellcheck shell=sh
# What both engines need of the container they run in. It has the capabilities of the machine's root instead of
# --privileged, which fails where that root lacks some. So what the outer engine mounted read-only is opened here.
mkdir -p /run /var/tmp
for mount in /sys /sys/fs/cgroup /proc/sys; do mount -o remount,rw "$mount" 2>/dev/null || true; done
awk '$2 ~ "^/sys/fs/cgroup/" { print $2 }' /proc/mounts | while read -r mount; do
  mount -o remount,rw,bind "$mount" 2>/dev/null || true
done
# With one hierarchy of control groups, a group that has children that are limited may not have processes of its own.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
  sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi
ip link set lo up 2>/dev/null || true
