import type { Symptom } from './symptom.ts';

/** The host, image or user that the server runs with. */
export const surroundingSymptoms = [
  {
    id: 'directory-permissions',
    says: 'data directory "…" has invalid permissions',
    pattern: /data directory "[^"]*" has invalid permissions/,
    cause: 'The data directory is open to others.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Set its mode to 0700 (or 0750).',
  },
  {
    id: 'directory-owner',
    says: 'data directory "…" has wrong ownership',
    pattern: /data directory "[^"]*" has wrong ownership/,
    cause:
      'The data directory belongs to another user than the server’s (999, 70, 26 and 1001 are common in images).',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Give the directory to the server’s user (chown -R), or name the owner with --owner.',
  },
  {
    id: 'other-build',
    says: '… initialized with CATALOG_VERSION_NO … / PG_CONTROL_VERSION …',
    pattern: /(?:CATALOG_VERSION_NO|PG_CONTROL_VERSION|BLCKSZ|RELSEG_SIZE|XLOG_BLCKSZ) \d+/,
    cause: 'The files were made by a beta or a fork of PostgreSQL (EDB and others), or by another major.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Use the very same product and major that made the backup.',
    answers: 'what-does-not-fit',
  },
  {
    id: 'server-major',
    says: 'database files are incompatible with server',
    pattern: /database files are incompatible with server/,
    cause: 'The data directory is of another PostgreSQL major than the server.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Use the major that the file PG_VERSION names.',
    asks: 'what-does-not-fit',
  },
  {
    id: 'path-missing',
    says: 'could not open log file "…" / could not create lock file "/…/.s.PGSQL.5432.lock" / could not bind Unix address "…"',
    pattern:
      /could not (?:open log file|create lock file)|could not bind Unix address "[^"]*": (?!Address already in use)/,
    cause: 'The log or socket directory of the source does not exist here, or is not the server’s to write.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Override log_directory and unix_socket_directories, or make the directories.',
    answers: 'why-no-socket',
  },
  {
    id: 'socket-path-too-long',
    says: 'Unix-domain socket path "…" is too long (maximum 107 bytes)',
    pattern: /Unix-domain socket path "[^"]*" is too long/,
    cause: 'The directory of the server’s socket has a path longer than the system allows.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Choose a shorter directory (unix_socket_directories), or a work directory nearer to the root.',
    answers: 'why-no-socket',
  },
  {
    id: 'address-in-use',
    says: 'could not bind IPv4 address "…": Address already in use',
    pattern: /could not bind .*address.*: Address already in use/,
    cause: 'Another server listens on the same port or socket.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Stop the other server, or set another port.',
    answers: 'why-no-socket',
  },
  {
    id: 'no-socket',
    says: 'could not create any TCP/IP sockets / any Unix-domain sockets',
    pattern: /could not create any (?:TCP\/IP|Unix-domain) sockets/,
    cause:
      'The server cannot listen at any of the addresses or in any of the directories that it is told to.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Correct listen_addresses, port or unix_socket_directories; the lines before it name the error.',
    asks: 'why-no-socket',
  },
  {
    id: 'shared-memory',
    says: 'could not map anonymous shared memory / could not resize shared memory segment …',
    pattern: /could not (?:map anonymous shared memory|resize shared memory segment)/,
    cause:
      'There is not enough memory for shared_buffers or huge pages, or /dev/shm of the container is too small.',
    consequence: 'The server or a query of it ends; the data is not touched.',
    advice: 'Lower shared_buffers, set huge_pages to try, or give the container a larger --shm-size.',
  },
  {
    id: 'pid-file',
    says: 'lock file "postmaster.pid" already exists / pre-existing shared memory block … is still in use',
    pattern: /lock file "postmaster\.pid" already exists|pre-existing shared memory block/,
    cause: 'Another server runs on this data directory, or one was killed and left its postmaster.pid.',
    consequence: 'The server does not start. Two servers on one directory would destroy it.',
    advice: 'Make sure that no server and no container uses the directory before removing postmaster.pid.',
    notTheHint:
      'The server’s hint to just delete the file is right only when nothing runs there; it does not see into other containers.',
  },
  {
    id: 'io-uring',
    says: 'could not setup io_uring queue',
    since: '18',
    pattern: /could not setup io_uring queue/,
    cause: 'io_method is io_uring, which containers and older kernels forbid.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Set io_method to worker.',
  },
  {
    id: 'image-mount-path',
    says: 'in 18+, these Docker images are configured to store database data in a format …',
    since: '18',
    pattern: /in 18\+, these Docker images are configured/,
    cause:
      'From 18 on the official image keeps its data in a folder per major below /var/lib/postgresql, and found a mount at the old path.',
    consequence: 'The container does not start; nothing was changed.',
    advice:
      'Mount the volume at /var/lib/postgresql, with the data in 18/docker, or set PGDATA to where it is.',
  },
  {
    id: 'volume-not-recognised',
    says: 'Database is uninitialized and superuser password is not specified',
    pattern: /Database is uninitialized and superuser password is not specified/,
    cause: 'The image found no data directory at its PGDATA: the restored directory is mounted elsewhere.',
    consequence:
      'With a password it would make a new, empty database there, and everything would seem to work.',
    advice:
      'Stop, and compare the volume’s mount point with PGDATA. Do not let the image create a new database.',
    notTheHint: 'Setting POSTGRES_PASSWORD, as the image says, would create that empty database.',
  },
  {
    id: 'runs-as-root',
    says: '"root" execution of the PostgreSQL server is not permitted',
    pattern: /"root" execution of the PostgreSQL server is not permitted/,
    cause: 'The server was started as root, past the image’s entry point.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Start it as the image’s database user (--user).',
  },
  {
    id: 'locale-missing',
    says: 'database locale is incompatible with operating system',
    pattern: /database locale is incompatible with operating system/,
    cause: 'The locale of a database does not exist where the server runs.',
    consequence: 'The server runs, and nobody can connect to that database.',
    advice: 'Use an image with that locale (the DETAIL names it), or generate it there.',
  },
  {
    id: 'collation-version',
    says: 'database "…" has a collation version mismatch / has no actual collation version (15 and later) / collation "…" has version mismatch',
    pattern:
      /has a collation version mismatch|has no actual collation version|collation "[^"]*" has version mismatch/,
    cause:
      'The server’s C or ICU library sorts text by other rules than that of the source (glibc and musl, or another version).',
    consequence: 'Indexes on text may miss rows and let duplicates in, without any error.',
    advice:
      'Use an image with the same library, or rebuild the indexes on text (REINDEX) before anyone writes.',
    notTheHint: 'REFRESH COLLATION VERSION alone only silences the warning: run it after the REINDEX.',
    goesOn: true,
  },
] as const satisfies readonly Symptom[];
