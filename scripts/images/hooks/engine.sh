#!/bin/sh
# What an engine in a container needs beyond its packages. $1 is the root.
set -eu
cd "$1"

# Alternatives that the maintainer scripts would have set.
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  ln -sf xtables-nft-multi "usr/sbin/$name"
done
rm -rf usr/bin/ctr usr/share/zsh
mkdir -p var/tmp
chmod 1777 var/tmp
