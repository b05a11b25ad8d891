#!/bin/bash
# Behaves as the entry point of the official postgres image does in what a restore can meet:
# directory and owner set as root, then the postgres user; an existing cluster is started as it is;
# a missing PG_VERSION means initdb, which refuses a directory that is not empty.
set -eo pipefail

if [ "${1:0:1}" = '-' ]; then set -- postgres "$@"; fi
if [ "$1" != postgres ]; then exec "$@"; fi
for argument; do
  case "$argument" in -'?' | --help | --describe-config | -V | --version) exec "$@" ;; esac
done

: "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"
export PGDATA

mkdir -p "$PGDATA"
chmod 00700 "$PGDATA" || :
mkdir -p /var/run/postgresql
chmod 03777 /var/run/postgresql || :

if [ "$(id -u)" = 0 ]; then
  # Without -h on purpose, as there: the target of a tablespace link changes its owner, the files below it do not.
  find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
  find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "${BASH_SOURCE[0]}" "$@"
fi

if [ -s "$PGDATA/PG_VERSION" ]; then
  printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
  exec "$@"
fi

if [ "${PG_MAJOR%%.*}" -ge 18 ] && [ "$PGDATA" = "/var/lib/postgresql/$PG_MAJOR/docker" ]; then
  for old in /var/lib/postgresql /var/lib/postgresql/data /var/lib/postgresql/*/docker; do
    if [ -s "$old/PG_VERSION" ]; then
      echo >&2 "Error: in 18+, these Docker images are configured to store database data in a format which is compatible with \"pg_ctlcluster\"; there is data in $old (unused mount/volume)"
      exit 1
    fi
  done
  if grep -q ' /var/lib/postgresql/data ' /proc/self/mountinfo; then
    echo >&2 'Error: in 18+, these Docker images are configured to store database data in a format which is compatible with "pg_ctlcluster"; there is a mount at /var/lib/postgresql/data (unused mount/volume)'
    exit 1
  fi
fi

if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
  echo >&2 'Error: Database is uninitialized and superuser password is not specified.'
  echo >&2 '       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.'
  exit 1
fi

# shellcheck disable=SC2086 # several arguments
initdb -D "$PGDATA" --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") $POSTGRES_INITDB_ARGS
printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"

# A server on the socket only, until the database is made, whatever the arguments say: the last setting counts.
export PGPASSWORD=$POSTGRES_PASSWORD
pg_ctl -D "$PGDATA" -o "${*:2} -c listen_addresses=''" -w start
port=$(sed -n 4p "$PGDATA/postmaster.pid")
sql() { psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc -h /var/run/postgresql -p "$port" -U "$POSTGRES_USER" "$@"; }
if [ "$POSTGRES_DB" != postgres ]; then
  sql -d postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
fi
for script in /docker-entrypoint-initdb.d/*; do
  case "$script" in
    *.sh) bash "$script" ;;
    *.sql) sql -d "$POSTGRES_DB" -f "$script" ;;
  esac
done
pg_ctl -D "$PGDATA" -m fast -w stop
unset PGPASSWORD
printf '\nPostgreSQL init process complete; ready for start up.\n\n'
exec "$@"
