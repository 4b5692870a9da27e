#!/bin/sh
# Runs jobs on another machine's engine, reached by the user's own ssh: aliases, jump hosts, agents and known hosts hold.
# HOST is whatever `ssh HOST` reaches without a question, optionally with the socket's path behind it.
# From a checkout: COS="./dev cos" HOST=build-box examples/remote-engine-over-ssh.sh
set -eu
cos=${COS:-cos}

# A project names its engines in a file beside its code. The default stays what it was.
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
printf 'engines:\n  far: ssh://%s\n' "${HOST:?say which host}" >cos.config.yaml

$cos engine ls
$cos engine check far
$cos run --engine far busybox --pull never --cmd 'echo "hello from $(hostname) over there"'

# Everything else takes --engine too.
$cos ps --engine far --all
