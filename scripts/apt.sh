#!/bin/sh
# apt.sh PACKAGE…: installs packages without a question. A source that is broken does not stop it, nor does another apt
# that is at work.
set -eu

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT

update() {
  apt-get update -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Acquire::http::Timeout=20 >>"$log" 2>&1 || true
}

install() {
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
    -o Acquire::Retries=2 "$@" >>"$log" 2>&1 </dev/null
}

printf 'dev: installing %s\n' "$*" >&2
update
if ! install "$@"; then
  # Lists that were locked or stale a moment ago.
  sleep 3
  update
  install "$@" || {
    cat "$log" >&2
    printf 'dev: apt could not install %s\n' "$*" >&2
    exit 1
  }
fi
