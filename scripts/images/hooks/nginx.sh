#!/bin/sh
# Debian's nginx with its own configuration, one site on port 80, and its logs on stdout and stderr.
set -eu
cd "$1"

rm -f etc/nginx/sites-enabled/*
cat >etc/nginx/sites-enabled/default <<'SITE'
server {
    listen 80 default_server;
    root /usr/share/nginx/html;
    index index.html;
}
SITE
mkdir -p usr/share/nginx/html var/lib/nginx var/log/nginx
echo '<!DOCTYPE html><title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>' >usr/share/nginx/html/index.html
ln -sf /dev/stdout var/log/nginx/access.log
ln -sf /dev/stderr var/log/nginx/error.log
