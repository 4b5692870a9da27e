#!/bin/sh
# Python as in the image of its makers: `python` is there and pip installs into the system.
set -eu
here=${0%/*}
cd "$1"

ln -s python3 usr/bin/python
rm -f usr/lib/python3*/EXTERNALLY-MANAGED
# pip works behind the same proxies as this machine.
. "$here/certificates.sh"
