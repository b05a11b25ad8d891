#!/bin/sh
# Breaks a base backup of the server in this image in every cheap way, and prints what the server then says:
#   === NAME
#   its log
# $1 is the server's major.
# Runs as root in a container of its own; works below /w.
set -eu
umask 077
mkdir -p /w/wal && chmod 755 /w
server_user='setpriv --reuid=postgres --regid=postgres --clear-groups env LC_ALL=C'
as() { $server_user "$@"; }
chown postgres /w /w/wal
sql() { as psql -XAtq -v ON_ERROR_STOP=1 -h /w -p "$1" -d postgres -U postgres; }

for cluster in source:5432 other:5433; do
  name=${cluster%:*}
  as initdb -D "/w/$name" -U postgres -A trust --no-locale --no-sync --wal-segsize=1 >/dev/null
  cat >>"/w/$name/postgresql.conf" <<CONF
port = ${cluster#*:}
listen_addresses = '127.0.0.1'
unix_socket_directories = '/w'
fsync = off
max_prepared_transactions = 5
CONF
done
cat >>/w/source/postgresql.conf <<CONF
archive_mode = on
archive_command = 'cp %p /w/wal/%f'
CONF
start() { as pg_ctl -D "/w/$1" -w -l "/w/$1.log" start >/dev/null; }
start source
sql 5432 <<SQL
CREATE TABLE t (id int);
INSERT INTO t SELECT generate_series(1, 1000);
SELECT pg_create_physical_replication_slot('s') \g /dev/null
SELECT pg_backup_start('x', true) \g /dev/null
\! cp -a /w/source /w/base
INSERT INTO t SELECT generate_series(1, 1000);
SELECT pg_switch_wal() \g /dev/null
INSERT INTO t SELECT generate_series(1, 1000);
SELECT labelfile FROM pg_backup_stop(false) \g /w/label
SQL
as pg_ctl -D /w/source -w -m fast stop >/dev/null
as sed -i '$ a max_connections = 200' /w/source/postgresql.conf
start source
for round in 1 2 3 4 5; do
  echo "INSERT INTO t SELECT generate_series(1, 2000); SELECT pg_switch_wal() \\g /dev/null" | sql 5432
done
echo "SELECT pg_create_restore_point('there') \\g /dev/null
  INSERT INTO t VALUES (1); SELECT pg_switch_wal() \\g /dev/null" | sql 5432
as pg_ctl -D /w/source -w -m fast stop >/dev/null
as sed '/^$/d' /w/label >/w/base/backup_label
chown postgres /w/base/backup_label
rm -rf /w/base/postmaster.pid /w/base/pg_wal && as mkdir -p /w/base/pg_wal/archive_status
first=$(sed -n 's/^START WAL LOCATION: .*(file \(.*\))$/\1/p' /w/base/backup_label)
lsn=$(sed -n 's/^START WAL LOCATION: \([^ ]*\) .*/\1/p' /w/base/backup_label)
middle=$(ls /w/wal | grep -v '\.backup$' | tail -n 5 | head -n 1)

last=$(pg_controldata /w/source | sed -n "s/^Latest checkpoint's REDO WAL file: *//p")

# The other cluster writes segments of the same names, and stays for its port and its pid.
start other
while [ ! -f "/w/other/pg_wal/$middle" ]; do
  echo 'CREATE TABLE IF NOT EXISTS t (id int); INSERT INTO t VALUES (1); SELECT pg_switch_wal() \g /dev/null' | sql 5433
done

# A copy to break: d, with recovery.signal, its archive in a.
fresh() {
  rm -rf /w/d /w/a && cp -a /w/base /w/d && cp -a /w/wal /w/a && as touch /w/d/recovery.signal
}
# try NAME PATTERN [postgres argument …]: until PATTERN is in the log, or the server has ended.
try() {
  name=$1 pattern=$2
  shift 2
  echo "=== $name"
  (umask 022 && : >/w/log)
  $runner postgres -D /w/d -c port=5432 -c listen_addresses= -c archive_mode=off -c hot_standby=off \
    -c max_connections=200 -c "restore_command=cp /w/a/%f %p" -c recovery_target_action=promote \
    -c log_startup_progress_interval=0 "$@" </dev/null >/w/log 2>&1 &
  pid=$!
  tries=0
  while kill -0 $pid 2>/dev/null && ! grep -q -e 'ready to accept connections' -e "$pattern" /w/log && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -INT $pid 2>/dev/null || true
  wait $pid || true
  cat /w/log
}
runner=$server_user
none='the server has ended'
overwrite() { dd of="$1" conv=notrunc bs=1 seek="$2" status=none; }

fresh; try checkpoint-wal-missing "$none" -c restore_command=false
fresh; try restored-file-missing "$none" -c restore_command=true
fresh; rm /w/d/backup_label /w/d/recovery.signal; try no-checkpoint-at-all "$none"
fresh; try wal-ends-before-backup-end "$none" -c "restore_command=test %f = $first && cp /w/a/%f %p"
fresh; try restore-command-failed "$none" -c "restore_command=exit 255"
fresh; try archive-file-wrong-size "$none" -c "restore_command=head -c 1000 /w/a/%f > %p"

reach="-c recovery_target_name=nowhere"
fresh; try target-not-reached "$none" $reach
fresh; printf '\377' | overwrite "/w/a/$middle" 300; try wal-checksum "$none" $reach
fresh; head -c 1048576 /dev/zero >"/w/a/$middle"; try wal-zeroed "$none" $reach
fresh; printf '\001\321' | overwrite "/w/a/$middle" 0; try wal-of-other-major "$none" $reach
fresh; cp "/w/a/$first" "/w/a/$middle"; try wal-recycled "$none" $reach
fresh; cp "/w/other/pg_wal/$middle" "/w/a/$middle"; try foreign-wal "$none" $reach
# Its last segment is not full: the server says where WAL ends, and that is as it should be.
fresh; as cp "/w/source/pg_wal/$last" /w/a/; try good-run "$none"
fresh; printf '1\t0/100000\tno reason\n' | as tee /w/a/00000002.history >/dev/null; try timeline-not-a-child "$none" -c recovery_target_timeline=2
fresh; try timeline-unknown "$none" -c recovery_target_timeline=9
fresh; try target-before-consistency "$none" -c "recovery_target_lsn=$lsn"
fresh; try several-targets "$none" $reach -c recovery_target_xid=900
fresh; try restore-command-missing "$none" -c restore_command=
fresh; try paused-at-target 'pausing at the end' -c recovery_target_name=there -c recovery_target_action=pause -c hot_standby=on
fresh; try shut-down-at-target "$none" -c recovery_target_name=there -c recovery_target_action=shutdown
fresh; rm /w/d/recovery.signal; as touch /w/d/standby.signal; try waiting-for-wal 'waiting for WAL'

fresh; try parameters-too-low "$none" -c hot_standby=on -c max_connections=10
fresh; try parameters-raised-later 'recovery has paused' -c hot_standby=on -c max_connections=100
fresh; try slot-without-wal-level "$none" -c wal_level=minimal -c max_wal_senders=0

fresh; printf 'START WAL LOCATION' >/w/d/backup_label; try label-unreadable "$none"
[ "$1" -lt 17 ] || { fresh; printf 'INCREMENTAL FROM LSN: 0/100028\nINCREMENTAL FROM TLI: 1\n' >>/w/d/backup_label; try incremental-backup "$none"; }
fresh; rm /w/d/backup_label; as sh -c 'echo "16384 /w/x" >/w/d/tablespace_map'; try tablespace-map-ignored "$none"
fresh; as ln -s /w/nowhere /w/d/pg_tblspc/16384; try tablespace-missing "$none"
mkdir /w/root
fresh; as ln -s /w/root /w/d/pg_tblspc/16384; try tablespace-unreadable "$none"
fresh; as mkdir /w/d/pg_tblspc/99999; try tablespace-not-a-link "$none"
fresh; printf '\377\377' | overwrite /w/d/global/pg_control 40; try control-file-checksum "$none"
fresh; rm /w/d/global/pg_control; try control-file-missing "$none"
fresh; rm -r /w/d/pg_wal; try wal-directory-missing "$none"
fresh; rm -r /w/d/pg_notify; try directory-missing "$none"

fresh; chmod 755 /w/d; try directory-permissions "$none"
fresh; cp /w/d/postgresql.conf /w/own.conf; chmod 644 /w/own.conf; chown daemon /w/d; try directory-owner "$none" -c config_file=/w/own.conf
fresh; printf '\001' | overwrite /w/d/global/pg_control 8; try other-build "$none"
fresh; echo 9.6 >/w/d/PG_VERSION; try server-major "$none"
fresh; try path-missing "$none" -c unix_socket_directories=/w/nowhere
fresh; try path-missing "$none" -c logging_collector=on -c log_directory=/w/root/log
fresh; try socket-path-too-long "$none" -c "unix_socket_directories=/w/$(printf '%0120d' 0)"
fresh; try address-in-use "$none" -c port=5433 -c listen_addresses=127.0.0.1 -c unix_socket_directories=
fresh; try shared-memory "$none" -c shared_buffers=6000GB -c huge_pages=off
fresh; head -n 1 /w/other/postmaster.pid | as tee /w/d/postmaster.pid >/dev/null; try pid-file "$none"
fresh; runner='env LC_ALL=C'; try runs-as-root "$none"; runner=$server_user

fresh; rm /w/d/postgresql.conf; try configuration-missing "$none"
fresh; echo nonsense >/w/d/pg_hba.conf; try hba-unreadable "$none"
fresh; echo "include 'custom.conf'" >>/w/d/postgresql.conf; try included-file-missing "$none"
fresh; echo 'pgaudit_log = 1' >>/w/d/postgresql.conf; try setting-unknown "$none"
fresh; echo "log_timezone = 'Europe/Nowhere'" >>/w/d/postgresql.conf; try setting-value-invalid "$none"
fresh; try setting-value-invalid "$none" -c lc_messages=xx_XX
fresh; try library-missing "$none" -c shared_preload_libraries=citus
fresh; try certificate-missing "$none" -c ssl=on
fresh; as touch /w/d/recovery.conf; try recovery-conf "$none"
fresh; try archive-command-failing 'archive command failed' -c archive_mode=on -c archive_command=no-such-program -c restore_command=false -c "restore_command=cp /w/a/%f %p"

as pg_ctl -D /w/other -m immediate stop >/dev/null
