#!/bin/sh
# What all file systems made from Debian's packages share. $1 is the root; maintainer scripts have not run.
set -eu
cd "$1"

rm -rf usr/share/doc usr/share/man usr/share/info usr/share/locale usr/share/lintian usr/share/bash-completion \
  usr/share/perl usr/share/perl5 usr/lib/*/perl usr/lib/*/perl-base usr/lib/*/perl5 usr/bin/perl* \
  usr/lib/*/gconv usr/share/i18n etc/hostname etc/resolv.conf var/cache/* var/lib/apt var/lib/dpkg var/log/*
cp usr/share/base-passwd/passwd.master etc/passwd
cp usr/share/base-passwd/group.master etc/group
for applet in $(chroot . /bin/busybox --list); do
  [ -e "usr/bin/$applet" ] || [ -e "usr/sbin/$applet" ] || ln -s busybox "usr/bin/$applet"
done
mkdir -p root run tmp var/cache var/log
rm -rf var/run
ln -s /run var/run
chmod 700 root
chmod 1777 tmp
