# shellcheck shell=sh
# The first process of Podman's Docker-compatible service in a container; the argument is the path of its socket.
mkdir -p /etc/containers /usr/local/bin
cat >/etc/containers/containers.conf <<'CONF'
[containers]
# Raising a limit takes a capability that root may lack here.
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
[engine.runtimes]
crun = ["/usr/local/bin/crun"]
[network]
network_backend = "netavark"
CONF
# Podman also raises the limit on processes as soon as any other is set, which takes the same capability.
cat >/usr/local/bin/crun <<'CRUN'
#!/bin/sh
bundle=
previous=
for word in "$@"; do
  case $previous in --bundle | -b) bundle=$word ;; esac
  previous=$word
done
if [ -n "$bundle" ]; then
  sed -i -E 's/,?\{"type":"RLIMIT_NPROC"[^}]*\}//; s/"rlimits":\[,/"rlimits":[/' "$bundle/config.json"
fi
exec /usr/bin/crun "$@"
CRUN
chmod 755 /usr/local/bin/crun
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
