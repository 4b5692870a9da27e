#!/bin/sh
# Python as in the image of its makers: `python` is there and pip installs into the system.
set -eu
cd "$1"

ln -s python3 usr/bin/python
rm -f usr/lib/python3*/EXTERNALLY-MANAGED
# The certificates that this machine trusts, so that pip works behind the same proxies.
trusted=/etc/ssl/certs/ca-certificates.crt
if [ -s "$trusted" ]; then
  cp "$trusted" "etc/ssl/certs/ca-certificates.crt"
else
  cat usr/share/ca-certificates/mozilla/*.crt >etc/ssl/certs/ca-certificates.crt
fi
