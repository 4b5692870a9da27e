#!/bin/sh
# Makes sure that there is a registry for tests to start: Debian's docker-registry. It is not left running. Does nothing
# where that is not for it to do: not Linux, not root, neither Debian nor Ubuntu.
set -eu

here=${0%/*}

# shellcheck disable=SC1091 # it is the machine's own file
is_debian() { (. /etc/os-release && case " $ID ${ID_LIKE-} " in *" debian "*) exit 0 ;; *) exit 1 ;; esac) 2>/dev/null; }

command -v docker-registry >/dev/null 2>&1 && exit
[ "$(uname -s)" = Linux ] && [ "$(id -u)" -eq 0 ] && is_debian || exit 0
"$here/../apt.sh" docker-registry
# The package starts one on all addresses where there is an init system.
if [ -d /run/systemd/system ]; then systemctl disable --now docker-registry >/dev/null 2>&1 || true; fi
