# shellcheck shell=sh
# The first process of a Docker engine in a container; the argument is the path of its socket.
# Without a network of its own there is no address that its networks could take from somebody.
rm -f /run/docker.pid /run/docker/containerd/containerd.pid "$1"
exec dockerd --host "unix://$1" --bip 10.126.0.1/24 --default-address-pool base=10.127.0.0/16,size=24
