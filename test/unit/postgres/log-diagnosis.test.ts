import { describe, expect, it } from 'vitest';
import { adviceOf, diagnose, troubleIn } from '../../../src/postgres/log-diagnosis.ts';

const logOf = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) =>
      /^\w+: {2}/.test(line.trim()) ? `2026-11-23 21:31:44.366 UTC [77] ${line.trim()}` : line.trim(),
    );

const dead = `
  LOG:  startup process (PID 77) exited with exit code 1
  LOG:  shutting down due to startup process failure
  LOG:  database system is shut down`;

const diagnoseText = (text: string) => diagnose(logOf(text), ['asked', 'restarted']);

describe('the diagnosis of a server’s log', () => {
  it('takes a FATAL for the reason and the line that explains it for the cause', () => {
    const found = diagnoseText(`
      LOG:  redo starts at 0/2000028
      LOG:  incorrect resource manager data checksum in record at 0/5000060
      LOG:  redo done at 0/5000028 system usage: CPU: user: 0.00 s
      FATAL:  recovery ended before configured recovery target was reached${dead}`);
    expect(found).toMatchObject({
      says: 'recovery ended before configured recovery target was reached',
      symptom: 'target-not-reached',
      because: {
        symptom: 'wal-checksum',
        says: 'incorrect resource manager data checksum in record at 0/5000060',
      },
      cause: 'A WAL record is damaged.',
      consequence: expect.stringContaining('not promoted'),
      advice: expect.stringContaining('again from the source'),
    });
  });

  it('says that WAL simply ends there only when nothing says more', () => {
    const end = 'LOG:  invalid record length at 0/5000098: expected at least 24, got 0';
    const fatal = 'FATAL:  recovery ended before configured recovery target was reached';
    expect(diagnoseText(`${end}\n${fatal}`).because?.symptom).toBe('wal-ends-here');
    const foreign =
      'LOG:  WAL file is from different database system: WAL file database system identifier is 1';
    expect(diagnoseText(`${foreign}\n${end}\n${fatal}`).because?.symptom).toBe('foreign-wal');
    expect(diagnoseText(fatal)).toMatchObject({
      because: null,
      cause: expect.stringContaining('after the last commit'),
    });
  });

  it.each([
    'LOG:  incorrect resource manager data checksum in record at 0/5000060',
    'LOG:  invalid record length at 0/5000098: wanted 24, got 0',
    'LOG:  unexpected pageaddr 0/2000000 in log segment 000000010000000000000005, offset 0',
    'LOG:  invalid magic number 0000 in log segment 000000010000000000000005, offset 0',
    'LOG:  pausing at the end of recovery',
    'LOG:  shutdown at recovery target',
    'LOG:  database system was interrupted while in recovery at log time 2026-11-23 21:31:40 UTC',
  ])('finds nothing wrong in a good run that ends with %s', (line) => {
    const found = diagnoseText(`
      LOG:  redo starts at 0/2000028
      ${line}
      LOG:  selected new timeline ID: 2
      LOG:  archive recovery complete`);
    expect(found).toMatchObject({ says: null, symptom: null, cause: null });
    expect(troubleIn(line)).toBeNull();
  });

  it('finds a pause or a shutdown at the target where nobody asked for it', () => {
    const log = logOf('LOG:  shutdown at recovery target\nLOG:  database system is shut down');
    expect(diagnose(log, ['restarted'])).toMatchObject({ symptom: 'shut-down-at-target' });
    expect(diagnose(log, ['restarted', 'asked'])).toMatchObject({ symptom: null });
    const waiting = logOf('LOG:  waiting for WAL to become available at 0/6000018');
    expect(diagnose(waiting, [])).toMatchObject({ symptom: 'waiting-for-wal' });
    expect(diagnose(waiting, ['standby'])).toMatchObject({ symptom: null });
  });

  it('finds why odo’s own restore command failed', () => {
    const fatal =
      'FATAL:  could not restore file "000000010000000000000005" from archive: child process exited with exit code 255';
    const said = 'odo: 000000010000000000000005 cannot be brought';
    expect(diagnoseText(`${said}\n${fatal}${dead}`)).toMatchObject({
      symptom: 'restore-command-failed',
      because: { symptom: 'wal-not-brought', says: said },
    });
    expect(diagnoseText(`odo: want 000000010000000000000005\n${fatal}${dead}`).because).toBeNull();
  });

  it('finds what a configuration file has wrong in the line before', () => {
    const found = diagnoseText(`
      LOG:  unrecognized configuration parameter "pgaudit" in file "/data/postgresql.conf" line 12
      FATAL:  configuration file "/data/postgresql.conf" contains errors`);
    expect(found).toMatchObject({ symptom: 'configuration-errors', because: { symptom: 'setting-unknown' } });
  });

  it('finds in what server and files do not fit in the line behind', () => {
    const version = 'DETAIL:  The data directory was initialized by PostgreSQL version 14, which is not';
    const fatal = 'FATAL:  database files are incompatible with server';
    expect(diagnoseText(`${fatal}\n${version}`)).toMatchObject({ symptom: 'server-major', because: null });
    const build =
      'DETAIL:  The database cluster was initialized with CATALOG_VERSION_NO 1, but the server was compiled with CATALOG_VERSION_NO 2.';
    expect(diagnoseText(`${fatal}\n${build}`)).toMatchObject({ because: { symptom: 'other-build' } });
  });

  it('warns of the server’s own hint where following it does harm', () => {
    const found = diagnoseText('FATAL:  could not locate required checkpoint record at 0/2000060');
    expect(adviceOf(found)).toMatch(/Then resume\. .*hint to remove backup_label .* corrupt\.$/);
  });

  it('does not take what clients are told for the reason', () => {
    const found = diagnoseText(`
      FATAL:  archive file "000000010000000000000005" has wrong size: 100 instead of 16777216
      FATAL:  the database system is starting up
      FATAL:  role "postgres" does not exist
      FATAL:  terminating background worker "logical replication launcher" due to administrator command${dead}`);
    expect(found.symptom).toBe('archive-file-wrong-size');
  });

  it('admits that it does not know, with the server’s words', () => {
    const found = diagnoseText(`
      WARNING:  database "shop" has a collation version mismatch
      FATAL:  the moon is in the wrong phase${dead}`);
    expect(found).toEqual({
      says: 'the moon is in the wrong phase',
      symptom: null,
      because: null,
      cause: null,
      consequence: null,
      advice: null,
      notTheHint: null,
    });
    expect(adviceOf(found)).toBeNull();
  });

  it('understands an image that never came to a log', () => {
    const found = diagnose(
      [
        'Error: Database is uninitialized and superuser password is not specified.',
        '       You must specify',
      ],
      [],
    );
    expect(found.symptom).toBe('volume-not-recognised');
  });

  it.each([
    'LOG:  could not open directory "pg_tblspc/16384/PG_15_202209061": No such file or directory',
    'WARNING:  database "shop" has a collation version mismatch',
    'WARNING:  WAL was generated with wal_level=minimal, data may be missing',
  ])('tells of trouble with which the server goes on: %s', (line) => {
    expect(troubleIn(line)).not.toBeNull();
  });
});
