import { describe, expect, it } from 'vitest';
import { type SymptomId, symptomOf, symptoms } from '../../../src/postgres/log-symptoms.ts';
import { heldMessage } from '../../../src/steps/recovery-configuration.ts';

const at = '2026-11-23 21:31:44.366 UTC [15621] ';

/** As the server, or the image around it, prints them; the majors that word it differently one by one. */
const messages: readonly (readonly [SymptomId, string])[] = [
  ['checkpoint-wal-missing', 'FATAL:  could not locate required checkpoint record'],
  ['checkpoint-wal-missing', 'FATAL:  could not locate required checkpoint record at 0/2000060'],
  ['no-checkpoint-at-all', 'LOG:  invalid primary checkpoint record'],
  ['no-checkpoint-at-all', 'PANIC:  could not locate a valid checkpoint record'],
  ['no-checkpoint-at-all', 'PANIC:  could not locate a valid checkpoint record at 0/2000060'],
  ['redo-wal-missing', 'FATAL:  could not find redo location referenced by checkpoint record'],
  [
    'redo-wal-missing',
    'FATAL:  could not find redo location 0/2000028 referenced by checkpoint record at 0/2000060',
  ],
  ['wal-ends-before-backup-end', 'FATAL:  WAL ends before end of online backup'],
  ['wal-ends-before-consistency', 'FATAL:  WAL ends before consistent recovery point'],
  ['timeline-not-a-child', "FATAL:  requested timeline 3 is not a child of this server's history"],
  [
    'timeline-without-min-recovery-point',
    'FATAL:  requested timeline 3 does not contain minimum recovery point 0/5000098 on timeline 2',
  ],
  ['timeline-unknown', 'FATAL:  recovery target timeline 9 does not exist'],
  ['target-not-reached', 'FATAL:  recovery ended before configured recovery target was reached'],
  ['target-before-consistency', 'FATAL:  requested recovery stop point is before consistent recovery point'],
  ['several-targets', 'FATAL:  multiple recovery targets specified'],
  ['restore-command-missing', 'FATAL:  must specify restore_command when standby mode is not enabled'],
  ['restore-command-missing', 'FATAL:  must specify "restore_command" when standby mode is not enabled'],
  [
    'restore-command-failed',
    'FATAL:  could not restore file "000000010000000000000005" from archive: child process exited with exit code 255',
  ],
  [
    'restore-command-failed',
    'FATAL:  could not restore file "00000002.history" from archive: command not found',
  ],
  ['wal-not-brought', 'odo: 000000010000000000000005 cannot be brought'],
  ['held-before-promotion', heldMessage],
  [
    'archive-file-wrong-size',
    'FATAL:  archive file "000000010000000000000005" has wrong size: 100 instead of 16777216',
  ],
  ['restored-file-missing', 'LOG:  could not stat file "pg_wal/RECOVERYXLOG": No such file or directory'],
  [
    'foreign-wal',
    'LOG:  WAL file is from different database system: WAL file database system identifier is 7711495946981044263, pg_control database system identifier is 7711487983699697698',
  ],
  ['wal-checksum', 'LOG:  incorrect resource manager data checksum in record at 0/5000060'],
  ['wal-zeroed', 'LOG:  invalid magic number 0000 in log segment 000000010000000000000005, offset 0'],
  [
    'wal-zeroed',
    'LOG:  invalid magic number 0000 in WAL segment 000000010000000000000005, LSN 0/5000000, offset 0',
  ],
  ['wal-of-other-major', 'LOG:  invalid magic number D110 in log segment 000000010000000000000005, offset 0'],
  [
    'wal-of-other-major',
    'LOG:  invalid magic number 8B1F in WAL segment 000000010000000000000005, LSN 0/5000000, offset 0',
  ],
  ['wal-recycled', 'LOG:  unexpected pageaddr 0/2000000 in log segment 000000010000000000000005, offset 0'],
  [
    'wal-recycled',
    'LOG:  unexpected pageaddr 0/2000000 in WAL segment 000000010000000000000005, LSN 0/5000000, offset 0',
  ],
  ['wal-recycled', 'LOG:  record with incorrect prev-link 0/2000028 at 0/5000060'],
  [
    'wal-of-other-branch',
    'LOG:  out-of-sequence timeline ID 1 (after 2) in WAL segment 000000020000000000000005, LSN 0/5000000, offset 0',
  ],
  ['wal-of-other-branch', 'PANIC:  unexpected timeline ID 1 (should be 2) in checkpoint record'],
  ['wal-record-broken', 'LOG:  invalid contrecord length 1234 (expected 5678) at 0/4FFFFD8'],
  ['wal-record-broken', 'LOG:  there is no contrecord flag at 0/5000000'],
  ['wal-record-broken', 'LOG:  record length 3221225472 at 0/5000060 too long'],
  ['wal-record-broken', 'LOG:  invalid resource manager ID 99 at 0/5000060'],
  [
    'wal-record-broken',
    'LOG:  invalid info bits 7421 in WAL segment 000000010000000000000005, LSN 0/5000000, offset 0',
  ],
  ['wal-ends-here', 'LOG:  invalid record length at 0/5000098: wanted 24, got 0'],
  ['wal-ends-here', 'LOG:  invalid record length at 0/5000098: expected at least 24, got 0'],
  ['waiting-for-wal', 'LOG:  waiting for WAL to become available at 0/6000018'],
  [
    'parameters-too-low',
    'FATAL:  hot standby is not possible because max_connections = 10 is a lower setting than on the master server (its value was 100)',
  ],
  ['parameters-too-low', 'FATAL:  recovery aborted because of insufficient parameter settings'],
  [
    'parameters-raised-later',
    'WARNING:  hot standby is not possible because of insufficient parameter settings',
  ],
  ['wal-level-minimal', 'WARNING:  WAL was generated with wal_level=minimal, data may be missing'],
  ['wal-level-minimal', 'FATAL:  WAL was generated with wal_level=minimal, cannot continue recovering'],
  ['wal-level-minimal', 'FATAL:  WAL was generated with "wal_level=minimal", cannot continue recovering'],
  ['paused-at-target', 'LOG:  pausing at the end of recovery'],
  ['shut-down-at-target', 'LOG:  shutdown at recovery target'],
  [
    'interrupted-in-recovery',
    'LOG:  database system was interrupted while in recovery at log time 2026-11-23 21:31:40 UTC',
  ],
  ['label-does-not-fit-control-file', 'FATAL:  backup_label contains data inconsistent with control file'],
  ['label-unreadable', 'FATAL:  invalid data in file "backup_label"'],
  ['label-unreadable', 'FATAL:  invalid data in file "tablespace_map"'],
  ['incremental-backup', 'FATAL:  this is an incremental backup, not a data directory'],
  ['tablespace-map-ignored', 'LOG:  ignoring file "tablespace_map" because no file "backup_label" exists'],
  [
    'tablespace-missing',
    'LOG:  could not open directory "pg_tblspc/16384/PG_15_202209061": No such file or directory',
  ],
  [
    'tablespace-unreadable',
    'FATAL:  could not open directory "pg_tblspc/16384/PG_15_202209061": Permission denied',
  ],
  [
    'data-file-missing',
    'ERROR:  could not open file "pg_tblspc/16384/PG_15_202209061/16390/16391": No such file or directory',
  ],
  ['data-file-missing', 'ERROR:  could not open file "base/16390/16391": No such file or directory'],
  ['directory-permissions', 'FATAL:  data directory "/data" has invalid permissions'],
  ['directory-owner', 'FATAL:  data directory "/data" has wrong ownership'],
  ['server-major', 'FATAL:  database files are incompatible with server'],
  [
    'other-build',
    'DETAIL:  The database cluster was initialized with CATALOG_VERSION_NO 202107181, but the server was compiled with CATALOG_VERSION_NO 202209061.',
  ],
  [
    'other-build',
    'DETAIL:  The database cluster was initialized with PG_CONTROL_VERSION 1201 (0x000004b1), but the server was compiled with PG_CONTROL_VERSION 1300 (0x00000514).',
  ],
  ['control-file-checksum', 'FATAL:  incorrect checksum in control file'],
  ['control-file-missing', 'postgres: could not find the database system'],
  ['control-file-missing', 'PANIC:  could not open file "global/pg_control": No such file or directory'],
  [
    'configuration-missing',
    'postgres: could not access the server configuration file "/data/postgresql.conf": No such file or directory',
  ],
  [
    'included-file-missing',
    'LOG:  could not open configuration file "/data/custom.conf": No such file or directory',
  ],
  ['configuration-errors', 'FATAL:  configuration file "/data/postgresql.conf" contains errors'],
  [
    'setting-unknown',
    'LOG:  unrecognized configuration parameter "pgaudit" in file "/data/postgresql.conf" line 12',
  ],
  ['setting-value-invalid', 'LOG:  invalid value for parameter "lc_messages": "de_DE.UTF-8"'],
  ['setting-value-invalid', 'FATAL:  invalid value for parameter "log_timezone": "Europe/Nowhere"'],
  ['library-missing', 'FATAL:  could not access file "pg_cron": No such file or directory'],
  ['library-missing', 'FATAL:  could not access file "$libdir/timescaledb-2.11": No such file or directory'],
  [
    'certificate-missing',
    'FATAL:  could not load server certificate file "/controller/server.crt": No such file or directory',
  ],
  ['certificate-missing', 'FATAL:  private key file "/data/server.key" has group or world access'],
  [
    'path-missing',
    'FATAL:  could not open log file "/controller/log/postgres.csv": No such file or directory',
  ],
  [
    'path-missing',
    'FATAL:  could not create lock file "/controller/run/.s.PGSQL.5432.lock": No such file or directory',
  ],
  [
    'socket-path-too-long',
    `LOG:  Unix-domain socket path "/${'x'.repeat(110)}" is too long (maximum 107 bytes)`,
  ],
  ['address-in-use', 'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use'],
  ['address-in-use', 'LOG:  could not bind Unix address "/run/.s.PGSQL.5432": Address already in use'],
  ['no-socket', 'FATAL:  could not create any TCP/IP sockets'],
  ['no-socket', 'FATAL:  could not create any Unix-domain sockets'],
  ['path-missing', 'LOG:  could not bind Unix address "/run/x/.s.PGSQL.5432": No such file or directory'],
  ['hba-unreadable', 'FATAL:  could not load pg_hba.conf'],
  ['hba-unreadable', 'FATAL:  could not load /etc/postgresql/16/main/pg_hba.conf'],
  ['shared-memory', 'FATAL:  could not map anonymous shared memory: Cannot allocate memory'],
  [
    'shared-memory',
    'ERROR:  could not resize shared memory segment "/PostgreSQL.1804289383" to 8388608 bytes: No space left on device',
  ],
  ['pid-file', 'FATAL:  lock file "postmaster.pid" already exists'],
  ['pid-file', 'FATAL:  pre-existing shared memory block (key 1234, ID 5678) is still in use'],
  ['recovery-conf', 'FATAL:  using recovery command file "recovery.conf" is not supported'],
  ['wal-directory-missing', 'FATAL:  required WAL directory "pg_wal" does not exist'],
  ['directory-missing', 'FATAL:  could not open directory "pg_notify": No such file or directory'],
  ['directory-missing', 'FATAL:  could not open directory "pg_logical/snapshots": No such file or directory'],
  ['directory-missing', 'FATAL:  could not open directory "pg_replslot": No such file or directory'],
  ['archive-command-failing', 'LOG:  archive command failed with exit code 127'],
  [
    'archive-command-failing',
    'WARNING:  archiving write-ahead log file "000000020000000000000005" failed too many times, will try again later',
  ],
  ['synchronous-standby-absent', 'WARNING:  canceling wait for synchronous replication due to user request'],
  ['collation-version', 'WARNING:  database "shop" has a collation version mismatch'],
  [
    'collation-version',
    'ERROR:  database "shop" has no actual collation version, but a version was recorded',
  ],
  ['collation-version', 'WARNING:  collation "de-x-icu" has version mismatch'],
  ['locale-missing', 'FATAL:  database locale is incompatible with operating system'],
  ['page-damaged', 'WARNING:  page verification failed, calculated checksum 2465 but expected 30221'],
  ['page-damaged', 'ERROR:  invalid page in block 4 of relation base/16390/16391'],
  ['wal-does-not-fit-files', 'PANIC:  WAL contains references to invalid pages'],
  ['copied-without-label', 'ERROR:  could not access status of transaction 7421'],
  ['copied-without-label', 'ERROR:  missing chunk number 0 for toast value 16401 in pg_toast_16391'],
  ['tablespace-not-a-link', 'FATAL:  unexpected directory entry "16384" found in pg_tblspc/'],
  ['prepared-transactions', 'FATAL:  maximum number of prepared transactions reached'],
  ['slot-without-wal-level', 'FATAL:  logical replication slot "cdc" exists, but wal_level < logical'],
  [
    'slot-without-wal-level',
    'FATAL:  logical replication slot "cdc" exists on the standby, but "hot_standby" = "off"',
  ],
  ['slot-without-wal-level', 'FATAL:  physical replication slot "s1" exists, but "wal_level" < "replica"'],
  ['io-uring', 'FATAL:  could not setup io_uring queue: Operation not permitted'],
  ['image-mount-path', 'Error: in 18+, these Docker images are configured to store database data in a'],
  ['volume-not-recognised', 'Error: Database is uninitialized and superuser password is not specified.'],
  ['runs-as-root', '"root" execution of the PostgreSQL server is not permitted.'],
  ['superuser-has-another-name', 'FATAL:  role "postgres" does not exist'],
  ['login-refused', 'FATAL:  Peer authentication failed for user "postgres"'],
  ['login-refused', 'FATAL:  password authentication failed for user "shop"'],
  ['login-refused', 'FATAL:  no pg_hba.conf entry for host "172.18.0.1", user "shop", database "shop"'],
  ['log-is-translated', 'FEHLER:  Datenbank »shop« existiert nicht'],
  ['log-is-translated', 'СООБЩЕНИЕ:  система БД готова принимать подключения'],
];

describe('a known message of the server', () => {
  it.each(messages)('%s: %s', (id, line) => {
    // What a command of the server prints has no time.
    if (/^[A-Z]+: {2}/.test(line)) expect(symptomOf(at + line)?.id).toBe(id);
    expect(symptomOf(line)?.id).toBe(id);
  });

  it('is proven with a real one, each', () => {
    expect([...new Set(messages.map(([id]) => id))].sort()).toEqual(symptoms.map(({ id }) => id).sort());
  });

  it('comes with a cause, a consequence and something to do, in sentences', () => {
    for (const { id, cause, consequence, advice, notTheHint = '.' } of symptoms) {
      for (const text of [cause, consequence, advice, notTheHint])
        expect([id, text.at(-1)]).toEqual([id, '.']);
    }
  });

  it.each([
    'LOG:  starting archive recovery',
    'LOG:  restored log file "000000010000000000000005" from archive',
    'LOG:  redo starts at 0/2000028',
    'LOG:  consistent recovery state reached at 0/2000100',
    'LOG:  redo done at 0/5000060 system usage: CPU: user: 0.00 s, system: 0.00 s, elapsed: 0.04 s',
    'LOG:  recovery stopping before commit of transaction 742, time 2026-11-20 13:02:11.5+00',
    'LOG:  archive recovery complete',
    'LOG:  checkpoint starting: end-of-recovery immediate wait',
    'LOG:  database system is ready to accept connections',
    'LOG:  received fast shutdown request',
    'cp: cannot stat ‘/archive/00000002.history’: No such file or directory',
  ])('%s is none', (line) => {
    expect(symptomOf(at + line)).toBeNull();
  });
});
