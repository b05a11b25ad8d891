import { describe, expect, it } from 'vitest';
import { backupsForTarget, type TargetChoice } from '../../../src/backup/backups-for-target.ts';
import type { BaseBackup } from '../../../src/backup/base-backup.ts';
import { parseLsn } from '../../../src/postgres/lsn.ts';
import type { RecoveryTarget } from '../../../src/postgres/recovery-target.ts';
import { timelinePath } from '../../../src/postgres/timeline-history.ts';
import { healthyBackup } from '../../support/facts.ts';

const at = (id: string, endLsn: string, finishedAt: string, more: Partial<BaseBackup> = {}): BaseBackup => ({
  ...healthyBackup,
  id,
  endLsn,
  finishedAt,
  ...more,
});
const monday = at('monday', '0/3000100', '2026-11-23T02:05:00.500Z');
const tuesday = at('tuesday', '0/5000100', '2026-11-24T02:05:00Z');
const wednesday = at('wednesday', '0/7000100', '2026-11-25T02:05:00.120044Z');
const all = [monday, tuesday, wednesday];

const choose = (
  target: RecoveryTarget,
  { from = all, ...choice }: Partial<TargetChoice> & { from?: readonly BaseBackup[] } = {},
) => backupsForTarget(from, { backup: 'latest', timeline: 'latest', pathTo: () => null, target, ...choice });
const time = (text: string): RecoveryTarget => ({ kind: 'time', time: text, inclusive: true });
const lsn = (text: string): RecoveryTarget => ({ kind: 'lsn', lsn: text, inclusive: true });
const idsOf = (selections: readonly { readonly backup: BaseBackup }[]) =>
  selections.map(({ backup }) => backup.id);
const refusal = (work: () => unknown): { message: string; hint: string; code: string } => {
  try {
    work();
  } catch (error) {
    return error as never;
  }
  return expect.fail('nothing was refused');
};

describe('the backup for a time', () => {
  it.each([
    ['2026-11-23T02:05:00.500Z', 'monday'],
    ['2026-11-24T02:04:59.999999Z', 'monday'],
    ['2026-11-24T02:05:00Z', 'tuesday'],
    ['2026-11-25T02:05:00.120043Z', 'tuesday'],
    ['2026-11-25T02:05:00.120044Z', 'wednesday'],
    ['2026-11-26T00:00:00Z', 'wednesday'],
  ])('%s is %s, the newest that had finished by then, to the microsecond', (text, id) => {
    expect(idsOf(choose(time(text)))[0]).toBe(id);
    expect(idsOf(choose(time(text), { from: all.toReversed() }))[0]).toBe(id);
  });

  it('may be an older one, should the target lie before its end by the clock of the server', () => {
    expect(choose(time('2026-11-24T12:00:00Z'))[1]).toMatchObject({
      backup: monday,
      passedOver: [
        { id: 'wednesday' },
        { id: 'tuesday', problem: expect.stringContaining('does not end before') },
      ],
    });
  });

  it('is told with its reason, and with those that end behind the target', () => {
    expect(choose(time('2026-11-24T12:00:00Z'))[0]).toEqual({
      backup: tuesday,
      because:
        'the newest of 2 complete backups that end before time 2026-11-24T12:00:00Z, inclusive; 1 ends behind it',
      passedOver: [
        {
          id: 'wednesday',
          problem: 'It ended at 2026-11-25T02:05:00.120044Z, behind the target.',
        },
      ],
    });
    expect(choose(time('2026-11-23T12:00:00Z'))[0]?.because).toBe(
      'the only complete backup that ends before time 2026-11-23T12:00:00Z, inclusive; 2 end behind it',
    );
  });

  it('is never one that does not tell when it finished, or that is broken', () => {
    const from = [
      monday,
      at('vague', '0/4000100', '2026-11-23T12:00:00Z', { finishedAt: null }),
      at('broken', '0/4500000', '2026-11-23T13:00:00Z', { status: 'failed', problem: 'disk full' }),
      at('broken later', '0/9000000', '2026-11-27T13:00:00Z', { status: 'failed', problem: 'disk full' }),
    ];
    const [selection] = choose(time('2026-11-24T12:00:00Z'), { from });
    expect(selection?.backup).toBe(monday);
    expect(selection?.passedOver).toEqual([
      { id: 'broken', problem: 'disk full' },
      { id: 'vague', problem: 'It does not record when it finished.' },
    ]);
  });

  it('may be of a cluster that was there before the present one, and then that is said', () => {
    const anew = at('anew', '0/2000100', '2026-11-26T02:05:00Z', { systemIdentifier: '42' });
    const from = [...all, anew];
    expect(choose(time('2026-11-25T12:00:00Z'), { from })[0]).toMatchObject({
      backup: wednesday,
      because: expect.stringContaining(`of the cluster ${healthyBackup.systemIdentifier}, which the newest`),
    });
    expect(choose(time('2026-11-26T12:00:00Z'), { from })[0]?.because).not.toContain('cluster');
  });

  it('does not exist before the end of the oldest, which is told', () => {
    expect(refusal(() => choose(time('2026-11-23T02:05:00.499999Z')))).toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining('2026-11-23T02:05:00.499999Z'),
      hint: expect.stringMatching(
        /monday, which ended at 2026-11-23T02:05:00\.500Z, LSN 0\/3000100.*odo backups/,
      ),
    });
  });

  it('is further narrowed by --before and --server', () => {
    const target = time('2026-11-26T00:00:00Z');
    expect(idsOf(choose(target, { before: '2026-11-25T00:00:00.000Z' }))[0]).toBe('tuesday');
    const other = at('other', '0/9000000', '2026-11-25T20:00:00Z', { server: 'other' });
    expect(refusal(() => choose(target, { from: [...all, other] })).hint).toContain('--server');
    expect(idsOf(choose(target, { from: [...all, other], server: 'main' }))[0]).toBe('wednesday');
  });
});

describe('the backup for a position', () => {
  it.each([
    ['0/3000100', 'monday'],
    ['0/50000FF', 'monday'],
    ['0/5000100', 'tuesday'],
    ['FF/0', 'wednesday'],
  ])('%s is %s, the newest that ends there or before', (text, id) => {
    expect(idsOf(choose(lsn(text)))).toEqual([id]);
  });

  it('is none of another cluster, whose positions mean something else', () => {
    const anew = at('anew', '0/2000100', '2026-11-26T02:05:00Z', { systemIdentifier: '42' });
    expect(choose(lsn('0/5000100'), { from: [...all, anew] })[0]).toMatchObject({
      backup: anew,
      passedOver: [
        { id: 'wednesday', problem: expect.stringContaining('another one than the newest') },
        { id: 'tuesday' },
        { id: 'monday' },
      ],
    });
  });

  it('behind which all backups end is refused', () => {
    expect(refusal(() => choose(lsn('0/3000000')))).toMatchObject({
      code: 'TARGET_UNREACHABLE',
      hint: expect.stringContaining('LSN 0/3000100'),
    });
  });
});

describe('the backups for a transaction or a restore point', () => {
  it.each([
    { kind: 'xid', xid: '747', inclusive: true },
    { kind: 'name', name: 'release' },
  ] as const)('%j go from the newest to the oldest', (target) => {
    const selections = choose(target);
    expect(idsOf(selections)).toEqual(['wednesday', 'tuesday', 'monday']);
    expect(selections[0]).toMatchObject({ because: 'the newest of 3 complete backups', passedOver: [] });
    expect(selections[2]).toMatchObject({
      because: expect.stringMatching(/^the newest of 3 complete backups that ends before/),
      passedOver: [{ id: 'wednesday' }, { id: 'tuesday' }],
    });
  });

  it('begin with the one that barman made the restore point for', () => {
    const selections = choose({ kind: 'name', name: 'barman_tuesday' });
    expect(idsOf(selections)).toEqual(['tuesday', 'wednesday', 'monday']);
    expect(selections[0]?.because).toBe('the one at whose end barman made restore point "barman_tuesday"');
    expect(idsOf(choose({ kind: 'name', name: 'barman_sunday' }))[0]).toBe('wednesday');
  });
});

it.each([{ kind: 'end' }, { kind: 'immediate' }] as const)('for %j the newest is taken', (target) => {
  expect(choose(target)).toEqual([
    { backup: wednesday, because: 'the newest of 3 complete backups', passedOver: [] },
  ]);
});

describe('a backup that is named', () => {
  it('is only checked', () => {
    expect(idsOf(choose(time('2026-11-26T00:00:00Z'), { backup: 'monday' }))).toEqual(['monday']);
    expect(idsOf(choose({ kind: 'xid', xid: '747', inclusive: true }, { backup: 'monday' }))).toEqual([
      'monday',
    ]);
    expect(refusal(() => choose(time('2026-11-24T00:00:00Z'), { backup: 'wednesday' }))).toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringMatching(
        /wednesday ended at 2026-11-25T02:05:00.120044Z, behind time 2026-11-24/,
      ),
    });
    expect(refusal(() => choose(lsn('0/4000000'), { backup: 'tuesday' })).code).toBe('TARGET_UNREACHABLE');
  });

  it('is believed when it does not tell when it finished, or only when it was stored', () => {
    const from = [at('base', '0/1', '2026-11-25T00:00:00Z', { format: 'pg-basebackup' })];
    expect(idsOf(choose(time('2026-11-24T00:00:00Z'), { from, backup: 'base' }))).toEqual(['base']);
  });

  it('by a name that several have is the newest of them that ends before', () => {
    const from = all.map((one) => ({ ...one, name: 'nightly' }));
    expect(choose(time('2026-11-24T12:00:00Z'), { from, backup: 'nightly' })[0]).toMatchObject({
      backup: { id: 'tuesday' },
      because: expect.stringContaining('backups named nightly that end before'),
    });
    expect(refusal(() => choose({ kind: 'end' }, { from, backup: 'nightly' })).code).toBe('CHOICE_NEEDED');
    const ofTwo = [...from, { ...monday, name: 'nightly', server: 'other' }];
    const target = time('2026-11-24T12:00:00Z');
    expect(refusal(() => choose(target, { from: ofTwo, backup: 'nightly' })).hint).toContain('--server');
    expect(idsOf(choose(target, { from: ofTwo, backup: 'nightly', server: 'other' }))).toEqual(['monday']);
  });
});

describe('a timeline that is wanted by its number', () => {
  /** 1 until 0/6000000, then 3. */
  const path = timelinePath(3, [{ timeline: 1, switchLsn: parseLsn('0/6000000'), reason: '' }]);
  const onThree = at('on three', '0/6800000', '2026-11-25T01:00:00Z', { timeline: 3 });
  const from = [...all, onThree];
  const pathTo = () => path;

  it('leaves its own backups and those of its ancestors that ended before the fork', () => {
    expect(choose({ kind: 'end' }, { from, timeline: 3, pathTo })[0]).toMatchObject({
      backup: onThree,
      because: 'the newest of 3 complete backups on the way to timeline 3',
      passedOver: [{ id: 'wednesday', problem: expect.stringContaining('not on the way to timeline 3') }],
    });
    expect(choose(lsn('0/6000000'), { from, timeline: 3, pathTo })[0]?.backup).toBe(tuesday);
    expect(choose(lsn('0/7000200'), { from, timeline: 1, pathTo: () => null })[0]?.backup).toBe(wednesday);
  });

  it('is refused when no backup is on the way', () => {
    expect(refusal(() => choose({ kind: 'end' }, { timeline: 7, pathTo: () => null }))).toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: 'No backup is on the way to timeline 7.',
      hint: expect.stringContaining('timeline 1'),
    });
  });
});
