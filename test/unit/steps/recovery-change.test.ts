import { describe, expect, it } from 'vitest';
import type { RecoveryTarget } from '../../../src/postgres/recovery-target.ts';
import { changedRequest, type Standing, whyBeyond } from '../../../src/steps/recovery-change.ts';
import { recoveryDefaults } from '../../../src/steps/restore-request.ts';
import { healthyContents, plainRequest } from '../../support/facts.ts';

const at: Standing = {
  lsn: '0/5000100',
  consistentAt: '0/3000000',
  lastTransaction: '2026-11-20T13:00:00.5Z',
  isPromoted: false,
};

const planTo = (stop: RecoveryTarget, provenLsn: string | null = null, timeline = 1) => ({
  contents: {
    ...healthyContents,
    wal: healthyContents.wal === null ? null : { ...healthyContents.wal, timeline },
  },
  recovery: {
    ...recoveryDefaults,
    target: stop,
    stop,
    proof:
      provenLsn === null
        ? null
        : {
            extent: 'records' as const,
            fromLsn: '0/2000028',
            toLsn: '0/9000000',
            segments: 7,
            lastRecordLsn: '0/8FFFFF0',
            lastCommit: null,
            stop: { lsn: provenLsn, time: null, xid: null },
            times: [],
          },
  },
});
const lsn = (text: string): RecoveryTarget => ({ kind: 'lsn', lsn: text, inclusive: false });
const time = (text: string): RecoveryTarget => ({ kind: 'time', time: text, inclusive: true });
const former = planTo(lsn('0/5000100'));

describe('whether a target lies behind the data files', () => {
  it.each([
    ['the very same', lsn('0/5000100')],
    ['a later position', lsn('0/5000108')],
    ['a later time', time('2026-11-20T13:00:01Z')],
    ['the time of the last transaction', time('2026-11-20T13:00:00.500000Z')],
    ['the end', { kind: 'end' }],
  ] as const)('recovery goes on to %s', (_, stop) => {
    expect(whyBeyond(at, former, planTo(stop))).toBeNull();
  });

  it.each([
    ['an earlier position', lsn('0/50000FF'), /up to 0\/5000100.*LSN 0\/50000FF.*lies before/],
    ['an earlier time', time('2026-11-20T13:00:00.4Z'), /of 2026-11-20T13:00:00\.5Z.*lies before/],
    ['the end of the backup', { kind: 'immediate' }, /end of the base backup.*lies before/],
  ] as const)('%s needs the files again', (_, stop, why) => {
    expect(whyBeyond(at, former, planTo(stop))).toMatch(why);
  });

  it('takes the position that the WAL proved, whatever kind of target it is', () => {
    const xid: RecoveryTarget = { kind: 'xid', xid: '800', inclusive: true };
    expect(whyBeyond(at, former, planTo(xid, '0/6000000'))).toBeNull();
    expect(whyBeyond(at, former, planTo(xid, '0/4000000'))).toMatch(/transaction 800.*lies before/);
    expect(() => whyBeyond(at, former, planTo(xid))).toThrow(/cannot be told/);
  });

  it('needs the files again on another timeline, and once they were promoted', () => {
    expect(whyBeyond(at, former, planTo(lsn('0/6000000'), null, 2))).toMatch(/along timeline 1.*timeline 2/);
    expect(whyBeyond({ ...at, isPromoted: true }, former, planTo(lsn('0/6000000')))).toMatch(/promoted/);
  });

  it('is what it is when consistent: the end of the backup is reached and not left', () => {
    const consistent = { ...at, lsn: at.consistentAt, lastTransaction: null };
    expect(whyBeyond(consistent, planTo({ kind: 'end' }), planTo({ kind: 'immediate' }))).toBeNull();
  });
});

describe('what a run is asked for from now on', () => {
  const request = { ...plainRequest, recovery: { ...recoveryDefaults, action: 'pause' as const } };
  const change = { target: lsn('0/6000000'), timeline: null, action: null };

  it('keeps what was not said, and the backup', () => {
    const changed = changedRequest({ ...request, before: '2026-11-20T00:00:00Z' }, change, 'b1');
    expect(changed).toMatchObject({
      backup: 'b1',
      before: null,
      promote: true,
      recovery: { target: lsn('0/6000000'), timeline: 'latest', action: 'pause', check: 'records' },
    });
  });

  it('never promotes without a word what was to wait', () => {
    const waiting = { ...plainRequest, promote: false };
    expect(changedRequest(waiting, change, 'b1').recovery?.action).toBe('shutdown');
    expect(changedRequest(waiting, { ...change, action: 'promote' }, 'b1').recovery?.action).toBe('promote');
  });
});
