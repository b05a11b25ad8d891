import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readServerLogLine } from '../../../src/postgres/log-line.ts';
import { symptomOf, symptoms, symptomsIn } from '../../../src/postgres/log-symptoms.ts';

const at = '2026-11-23 21:31:44.366 UTC [15621] ';

describe('a line of the server’s log', () => {
  it.each([
    ['LOG:  database system is ready to accept connections', { kind: 'ready' }],
    ['LOG:  database system is ready to accept read-only connections', { kind: 'ready-read-only' }],
    ['LOG:  database system is ready to accept read only connections', { kind: 'ready-read-only' }],
    ['LOG:  starting archive recovery', { kind: 'recovery-started', text: 'starting archive recovery' }],
    ['LOG:  redo starts at 0/2000028', { kind: 'redo-started', lsn: '0/2000028' }],
    ['LOG:  consistent recovery state reached at 0/2000100', { kind: 'consistent', lsn: '0/2000100' }],
    [
      'LOG:  restored log file "00000002.history" from archive',
      { kind: 'segment-restored', name: '00000002.history' },
    ],
    [
      'LOG:  redo in progress, elapsed time: 10.00 s, current LSN: 0/5F2A0',
      { kind: 'redo-progress', lsn: '0/5F2A0' },
    ],
    ['LOG:  redo done at 0/5000060 system usage: CPU: user: 0.0 s', { kind: 'redo-done', lsn: '0/5000060' }],
    [
      'LOG:  last completed transaction was at log time 2026-11-23 21:31:40.1+00',
      { kind: 'last-transaction', time: '2026-11-23 21:31:40.1+00' },
    ],
    [
      'LOG:  recovery stopping after WAL location (LSN) "0/5000060"',
      {
        kind: 'stopping',
        text: 'recovery stopping after WAL location (LSN) "0/5000060"',
        stop: { side: 'after', what: 'lsn', lsn: '0/5000060', xid: null, name: null, time: null },
      },
    ],
    ['LOG:  pausing at the end of recovery', { kind: 'paused', at: 'target' }],
    ['LOG:  recovery has paused', { kind: 'paused', at: 'replay' }],
    ['LOG:  selected new timeline ID: 3', { kind: 'new-timeline', timeline: 3 }],
    ['LOG:  archive recovery complete', { kind: 'recovery-complete' }],
    [
      'LOG:  invalid magic number 0000 in log segment 000000010000000000000005, offset 0',
      {
        kind: 'early-stop',
        text: 'invalid magic number 0000 in log segment 000000010000000000000005, offset 0',
      },
    ],
    [
      'LOG:  startup process (PID 77) exited with exit code 1',
      { kind: 'startup-died', how: 'exited with exit code', code: 1 },
    ],
    [
      'FATAL:  could not restore file "x" from archive: exit 255',
      { kind: 'fatal', severity: 'FATAL', text: 'could not restore file "x" from archive: exit 255' },
    ],
    [
      'PANIC:  could not locate a valid checkpoint record',
      { kind: 'fatal', severity: 'PANIC', text: 'could not locate a valid checkpoint record' },
    ],
  ])('%s', (line, event) => {
    expect(readServerLogLine(at + line)).toEqual(event);
  });

  it('is not taken for success when it only begins like it', () => {
    expect(readServerLogLine(`${at}LOG:  database system is ready to accept connections soon`)).toBeNull();
  });

  it('says nothing when it is something else', () => {
    expect(
      readServerLogLine(`${at}LOG:  invalid record length at 0/5000098: expected at least 24, got 0`),
    ).toBeNull();
    fc.assert(fc.property(fc.string(), (line) => readServerLogLine(line) !== undefined));
  });
});

describe('a known failure', () => {
  it.each([
    ['FATAL:  could not locate required checkpoint record at 0/2000060', 'checkpoint-wal-missing'],
    ['FATAL:  WAL ends before end of online backup', 'wal-ends-before-backup-end'],
    ["FATAL:  requested timeline 3 is not a child of this server's history", 'timeline-not-a-child'],
    ['FATAL:  recovery target timeline 9 does not exist', 'timeline-unknown'],
    ['FATAL:  recovery ended before configured recovery target was reached', 'target-not-reached'],
    [
      'FATAL:  could not restore file "000000010000000000000005" from archive: child process exited with exit code 255',
      'restore-command-failed',
    ],
    [
      'FATAL:  archive file "000000010000000000000005" has wrong size: 100 instead of 16777216',
      'archive-file-wrong-size',
    ],
    [
      'LOG:  WAL file is from different database system: WAL file database system identifier is 1',
      'foreign-wal',
    ],
    [
      'FATAL:  could not open directory "pg_tblspc/16384/PG_15_202209061": Permission denied',
      'tablespace-unreadable',
    ],
    [
      'LOG:  could not open directory "pg_tblspc/16384/PG_15_202209061": No such file or directory',
      'tablespace-missing',
    ],
    ['FATAL:  data directory "/data" has invalid permissions', 'directory-permissions'],
    ['FATAL:  database files are incompatible with server', 'server-major'],
    ['postgres: could not find the database system', 'control-file-missing'],
    ['FATAL:  could not access file "pg_cron": No such file or directory', 'library-missing'],
    [
      'FATAL:  could not load server certificate file "/controller/server.crt": No such file',
      'certificate-missing',
    ],
    ['Error: Database is uninitialized and superuser password is not specified.', 'volume-not-recognised'],
    ['"root" execution of the PostgreSQL server is not permitted.', 'runs-as-root'],
  ])('%s', (line, id) => {
    expect(symptomOf(at + line)).toMatchObject({ id });
  });

  it('comes with a cause and something to do', () => {
    for (const { id, cause, advice } of symptoms) {
      expect([id, cause.endsWith('.'), advice.endsWith('.')]).toEqual([id, true, true]);
    }
    expect(new Set(symptoms.map(({ id }) => id)).size).toBe(symptoms.length);
  });

  it('is named once, however often the log repeats it', () => {
    const lines = [
      'x',
      'FATAL:  WAL ends before end of online backup',
      'FATAL:  WAL ends before end of online backup',
    ];
    expect(symptomsIn(lines).map(({ id }) => id)).toEqual(['wal-ends-before-backup-end']);
  });
});
