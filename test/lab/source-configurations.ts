/** What other ways of running PostgreSQL leave in a data directory or beside it, word for word as far as it is known. */
export type SourceConfiguration = Readonly<Record<string, string>>;

/** What initdb and the operator have before the includes. */
const cloudNativeMain = `# -----------------------------
# PostgreSQL configuration file
# -----------------------------
max_connections = 100			# (change requires restart)
shared_buffers = 128MB			# min 128kB
dynamic_shared_memory_type = posix	# the default is usually the first option
max_wal_size = 1GB
min_wal_size = 80MB
log_timezone = 'Etc/UTC'
datestyle = 'iso, mdy'
timezone = 'Etc/UTC'
lc_messages = 'C'			# locale for system error message
lc_monetary = 'C'			# locale for monetary formatting
lc_numeric = 'C'			# locale for number formatting
lc_time = 'C'				# locale for time formatting
default_text_search_config = 'pg_catalog.english'

# load CloudNativePG custom.conf configuration
include 'custom.conf'

# load CloudNativePG override.conf configuration
include 'override.conf'
`;

const cloudNativeCustom = `archive_command = '/controller/manager wal-archive --log-destination /controller/log/postgres.json %p'
archive_mode = 'on'
archive_timeout = '5min'
cluster_name = 'shop'
dynamic_shared_memory_type = 'posix'
full_page_writes = 'on'
hot_standby = 'true'
listen_addresses = '*'
log_destination = 'csvlog'
log_directory = '/controller/log'
log_filename = 'postgres'
log_rotation_age = '0'
log_rotation_size = '0'
log_truncate_on_rotation = 'false'
logging_collector = 'on'
max_parallel_workers = '32'
max_replication_slots = '32'
max_worker_processes = '32'
pg_stat_statements.max = '10000'
pgaudit.log = 'all, -misc'
port = '5432'
restart_after_crash = 'false'
shared_memory_type = 'mmap'
shared_preload_libraries = 'pgaudit,pg_stat_statements'
ssl = 'on'
ssl_ca_file = '/controller/certificates/client-ca.crt'
ssl_cert_file = '/controller/certificates/server.crt'
ssl_key_file = '/controller/certificates/server.key'
ssl_max_protocol_version = 'TLSv1.3'
ssl_min_protocol_version = 'TLSv1.3'
synchronous_standby_names = 'ANY 1 ("shop-2","shop-3")'
unix_socket_directories = '/controller/run'
wal_keep_size = '512MB'
wal_level = 'logical'
wal_log_hints = 'on'
wal_receiver_timeout = '5s'
wal_sender_timeout = '5s'
work_mem = '6MB'
cnpg.config_sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
`;

const cloudNativeOverride = `restore_command = '/controller/manager wal-restore --log-destination /controller/log/postgres.json %f %p'
recovery_target_timeline = 'latest'
primary_slot_name = '_cnpg_shop_1'
primary_conninfo = 'host=shop-rw user=streaming_replica port=5432 sslkey=/controller/certificates/streaming_replica.key sslcert=/controller/certificates/streaming_replica.crt sslrootcert=/controller/certificates/server-ca.crt application_name=shop-1 sslmode=verify-ca'
`;

const cloudNativeHba = `#
# FIXED RULES
#

# Grant local access ('local' user map)
local all all peer map=local

# Require client certificate authentication for the streaming_replica user
hostssl postgres streaming_replica all cert map=cnpg_streaming_replica
hostssl replication streaming_replica all cert map=cnpg_streaming_replica
hostssl all cnpg_pooler_pgbouncer all cert map=cnpg_pooler_pgbouncer

#
# USER-DEFINED RULES
#

hostssl app app 10.0.0.0/8 scram-sha-256

#
# DEFAULT RULES
#
host all all all scram-sha-256
`;

const cloudNativeIdent = `#
# FIXED RULES
#

# Grant local access ('local' user map)
local postgres postgres

# Grant streaming_replica access ('cnpg_streaming_replica' user map)
cnpg_streaming_replica streaming_replica streaming_replica

# Grant cnpg_pooler_pgbouncer access ('cnpg_pooler_pgbouncer' user map)
cnpg_pooler_pgbouncer cnpg_pooler_pgbouncer cnpg_pooler_pgbouncer
`;

/** All of it in the data directory. */
export const cloudNative: SourceConfiguration = {
  'postgresql.conf': cloudNativeMain,
  'custom.conf': cloudNativeCustom,
  'override.conf': cloudNativeOverride,
  'pg_hba.conf': cloudNativeHba,
  'pg_ident.conf': cloudNativeIdent,
  '.check-empty-wal-archive': '',
};

/** Debian's postgresql-common: in /etc/postgresql/NN/main, of which barman stores those three files beside the data. */
export const debian = (major: number): SourceConfiguration => ({
  'postgresql.conf': `data_directory = '/var/lib/postgresql/${major}/main'		# use data in another directory
hba_file = '/etc/postgresql/${major}/main/pg_hba.conf'	# host-based authentication file
ident_file = '/etc/postgresql/${major}/main/pg_ident.conf'	# ident configuration file
external_pid_file = '/var/run/postgresql/${major}-main.pid'			# write an extra PID file
#listen_addresses = 'localhost'		# what IP address(es) to listen on;
port = 5433				# (change requires restart)
max_connections = 120			# (change requires restart)
unix_socket_directories = '/var/run/postgresql'	# comma-separated list of directories
ssl = on
ssl_cert_file = '/etc/ssl/certs/ssl-cert-snakeoil.pem'
ssl_key_file = '/etc/ssl/private/ssl-cert-snakeoil.key'
shared_buffers = 128MB			# min 128kB
work_mem = 7MB
dynamic_shared_memory_type = posix	# the default is usually the first option
archive_mode = on
archive_command = 'rsync -a %p backup@archive:/srv/wal/%f'
log_line_prefix = '%m [%p] %q%u@%d '		# special values:
cluster_name = '${major}/main'			# added to process titles if nonempty
log_timezone = 'Europe/Berlin'
datestyle = 'iso, dmy'
timezone = 'Europe/Berlin'
lc_messages = 'de_DE.UTF-8'			# locale for system error message
lc_monetary = 'de_DE.UTF-8'			# locale for monetary formatting
lc_numeric = 'de_DE.UTF-8'			# locale for number formatting
lc_time = 'de_DE.UTF-8'				# locale for time formatting
default_text_search_config = 'pg_catalog.german'
include_dir = 'conf.d'			# include files ending in '.conf' from
`,
  'pg_hba.conf': `# Database administrative login by Unix domain socket
local   all             postgres                                peer

# TYPE  DATABASE        USER            ADDRESS                 METHOD
local   all             all                                     peer
host    all             all             127.0.0.1/32            scram-sha-256
host    all             all             ::1/128                 scram-sha-256
local   replication     all                                     peer
host    replication     all             127.0.0.1/32            scram-sha-256
`,
  'pg_ident.conf': '# MAPNAME       SYSTEM-USERNAME         PG-USERNAME\n',
});

/** Bitnami's: in /opt/bitnami/postgresql/conf, of which barman stores those two files beside the data. */
export const bitnami: SourceConfiguration = {
  'postgresql.conf': `external_pid_file = '/opt/bitnami/postgresql/tmp/postgresql.pid'
hba_file = '/opt/bitnami/postgresql/conf/pg_hba.conf'
listen_addresses = '*'
port = '5432'
max_connections = 100
unix_socket_directories = '/tmp'
wal_level = 'replica'
max_wal_senders = '16'
wal_keep_size = '128MB'
hot_standby = 'on'
fsync = 'on'
shared_preload_libraries = 'pgaudit'
logging_collector = 'on'
log_directory = '/opt/bitnami/postgresql/logs'
log_filename = 'postgresql.log'
pgaudit.log_catalog = 'off'
client_min_messages = 'error'
dynamic_shared_memory_type = 'posix'
include_dir 'conf.d'
`,
  'pg_hba.conf': `host     all             all             0.0.0.0/0               md5
host     all             all             ::/0                    md5
local    all             all                                     md5
host     all             all        127.0.0.1/32                 md5
host     all             all        ::1/128                      md5
`,
};
