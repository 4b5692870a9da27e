#!/bin/sh
# Node as in the image of its makers: the one that the repository pins, with the npm of this machine. $1 is the root.
set -eu
here=${0%/*}
npm=$(npm root --global)/npm
cd "$1"

cp -L "$here"/../../../node_modules/node-linux-*/bin/node usr/bin/node
chmod 755 usr/bin/node
cp -RL "$npm" usr/lib/npm
ln -s ../lib/npm/bin/npm-cli.js usr/bin/npm
ln -s ../lib/npm/bin/npx-cli.js usr/bin/npx
# npm works behind the same proxies as this machine.
. "$here/certificates.sh"
