import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readServerLogLine } from '../../../src/postgres/log-line.ts';

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
