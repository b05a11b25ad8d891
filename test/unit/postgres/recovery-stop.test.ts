import { expect, it } from 'vitest';
import { parseRecoveryStop } from '../../../src/postgres/recovery-stop.ts';
import { parseServerTime } from '../../../src/postgres/timestamp.ts';

const none = { xid: null, lsn: null, name: null, time: null };

it.each([
  ['recovery stopping after reaching consistency', { side: 'after', what: 'consistency', ...none }],
  [
    'recovery stopping before WAL location (LSN) "2A/5000138"',
    { side: 'before', what: 'lsn', ...none, lsn: '2A/5000138' },
  ],
  [
    'recovery stopping after commit of transaction 742, time 2026-11-20 13:02:11.500001+00',
    { side: 'after', what: 'commit', ...none, xid: '742', time: '2026-11-20T13:02:11.500001Z' },
  ],
  [
    'recovery stopping before abort of transaction 743, time 2026-11-20 13:02:11+00',
    { side: 'before', what: 'abort', ...none, xid: '743', time: '2026-11-20T13:02:11Z' },
  ],
  [
    'recovery stopping at restore point "before ", time 1", time 2026-11-20 13:02:11.5+00',
    { side: 'at', what: 'restore-point', ...none, name: 'before ", time 1', time: '2026-11-20T13:02:11.5Z' },
  ],
])('understands %s', (text, stop) => {
  expect(parseRecoveryStop(text)).toEqual(stop);
});

it('does not guess at words it does not know', () => {
  expect(parseRecoveryStop('recovery stopping before something new')).toBeNull();
});

it.each([
  ['2026-11-20 13:02:11.25+05:30', '2026-11-20T07:32:11.25Z'],
  ['2026-01-01 00:30:00-03', '2026-01-01T03:30:00Z'],
  ['2026-11-20 13:02:11.000001+00', '2026-11-20T13:02:11.000001Z'],
  ['2026-11-20 13:02:11 CET', null],
  ['infinity', null],
])('a time of the server, %s, is %s in UTC', (text, time) => {
  expect(parseServerTime(text)).toBe(time);
});
