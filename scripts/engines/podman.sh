# shellcheck shell=sh
# The first process of Podman's Docker-compatible service in a container; the argument is the path of its socket.
mkdir -p /etc/containers
cat >/etc/containers/containers.conf <<'CONF'
[containers]
# Raising a limit takes a capability that root may lack here.
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
[network]
network_backend = "netavark"
CONF
cat >/etc/containers/storage.conf <<'CONF'
[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
CONF
[ -f /etc/containers/policy.json ] || echo '{"default":[{"type":"insecureAcceptAnything"}]}' >/etc/containers/policy.json
# Podman raises its own limits unless they are as high as they may be.
ulimit -n "$(ulimit -Hn)"
ulimit -p "$(ulimit -Hp)" 2>/dev/null || true
rm -f "$1"
exec podman system service --time 0 "unix://$1"
