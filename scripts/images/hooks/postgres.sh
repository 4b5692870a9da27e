#!/bin/sh
# PostgreSQL that behaves as the image of the same version does: see the entry point.
set -eu
cd "$1"

rm -rf usr/lib/*/libLLVM* usr/lib/*/libz3.* usr/lib/*/libperl.* usr/lib/postgresql/15/lib/llvmjit* usr/lib/postgresql/15/lib/bitcode
echo 'postgres:x:999:999:PostgreSQL:/var/lib/postgresql:/bin/sh' >>etc/passwd
echo 'postgres:x:999:' >>etc/group
install -d -o 999 -g 999 var/lib/postgresql
install -d -o 999 -g 999 -m 700 var/lib/postgresql/data
install -d -o 999 -g 999 -m 3777 run/postgresql
sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" usr/share/postgresql/15/postgresql.conf.sample
mkdir -p usr/local/bin
cat >usr/local/bin/docker-entrypoint.sh <<'ENTRY'
#!/bin/sh
# Makes the cluster on the first start, then becomes the server. Root only prepares folders.
set -eu

case ${1-} in -*) set -- postgres "$@" ;; esac
[ "${1-}" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R postgres:postgres "$PGDATA" /run/postgresql
  chmod 700 "$PGDATA"
  exec gosu postgres "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -z "${POSTGRES_PASSWORD-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD-}" != trust ]; then
    echo 'POSTGRES_PASSWORD must be set for the first start' >&2
    exit 1
  fi
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  secret=$(mktemp)
  printf '%s\n' "${POSTGRES_PASSWORD:-postgres}" >"$secret"
  initdb --pgdata "$PGDATA" --username "$user" --pwfile "$secret" --encoding UTF8 --no-instructions
  rm "$secret"
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  if [ "$database" != postgres ]; then
    echo "CREATE DATABASE \"$database\"" | postgres --single -j -D "$PGDATA" postgres >/dev/null
  fi
fi
unset POSTGRES_PASSWORD
exec "$@"
ENTRY
chmod 755 usr/local/bin/docker-entrypoint.sh
