import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BaseBackup } from '../../../src/backup/base-backup.ts';
import { selectBackup } from '../../../src/backup/select-backup.ts';
import { healthyBackup } from '../../support/facts.ts';

const backup = (change: Partial<BaseBackup>): BaseBackup => ({ ...healthyBackup, ...change });
const at = (id: string, endLsn: string, finishedAt: string, more: Partial<BaseBackup> = {}) =>
  backup({ id, endLsn, finishedAt, timeline: 1, ...more });

describe('the latest backup', () => {
  it('is the one that ends last in the WAL, whatever its id says', () => {
    const backups = [
      at('20261101T030000', '0/9000000', '2026-11-01T01:30:00Z'),
      at('20261101T023000', '0/A000000', '2026-11-01T02:00:00Z'),
    ];
    expect(selectBackup(backups, { backup: 'latest' }).backup.id).toBe('20261101T023000');
    expect(selectBackup(backups.toReversed(), { backup: 'latest' }).backup.id).toBe('20261101T023000');
  });

  it('compares positions as numbers', () => {
    const backups = [at('a', '9/0', '2026-11-01T00:00:00Z'), at('b', '10/0', '2026-11-01T00:00:00Z')];
    expect(selectBackup(backups, { backup: 'latest' }).backup.id).toBe('b');
  });

  it('across timelines and clusters is the one that was finished last', () => {
    const old = at('a', 'FF/0', '2026-11-01T00:00:00Z');
    const onNewTimeline = at('b', '1/0', '2026-11-02T00:00:00Z', { timeline: 2 });
    const ofNewCluster = at('c', '0/2000000', '2026-11-03T00:00:00Z', { systemIdentifier: '42' });
    expect(selectBackup([old, onNewTimeline], { backup: 'latest' }).backup.id).toBe('b');
    expect(selectBackup([ofNewCluster, old], { backup: 'latest' }).backup.id).toBe('c');
  });

  it('passes over newer ones that cannot be restored, and says why', () => {
    const good = at('20261101T000000', '0/9000000', '2026-11-01T00:10:00Z');
    const older = at('20261031T000000', '0/8000000', '2026-10-31T00:10:00Z', {
      status: 'failed',
      problem: 'old trouble',
    });
    const failed = at('20261102T000000', '0/A000000', '2026-11-02T00:10:00Z', {
      status: 'failed',
      problem: 'disk full',
    });
    const running = backup({
      id: '20261103T000000',
      status: 'incomplete',
      problem: 'running',
      finishedAt: null,
      startedAt: null,
    });
    expect(selectBackup([older, good, failed, running], { backup: 'latest' })).toEqual({
      backup: good,
      because: 'the only complete one of 4 backups',
      passedOver: [
        { id: '20261102T000000', problem: 'disk full' },
        { id: '20261103T000000', problem: 'running' },
      ],
    });
  });

  it('is refused with every reason when none can be restored', () => {
    const backups = [
      backup({ id: 'a', status: 'failed', problem: 'disk full' }),
      backup({ id: 'b', status: 'snapshot', problem: 'snapshot' }),
    ];
    expect(() => selectBackup(backups, { backup: 'latest' })).toThrow(
      expect.objectContaining({
        code: 'BACKUP_NOT_FOUND',
        hint: expect.stringMatching(/a: disk full.*b: snapshot/),
      }),
    );
  });

  it('of several servers needs the server’s name', () => {
    const backups = [backup({ server: 'one' }), backup({ server: 'two' })];
    expect(() => selectBackup(backups, { backup: 'latest' })).toThrow(
      expect.objectContaining({
        code: 'BACKUP_NOT_FOUND',
        message: expect.stringContaining('one, two'),
        hint: expect.stringContaining('--server'),
      }),
    );
    expect(selectBackup(backups, { backup: 'latest', server: 'two' }).backup.server).toBe('two');
  });

  it('of folders of several clusters is not guessed', () => {
    const base = (folder: string, systemIdentifier: string) =>
      backup({ format: 'pg-basebackup', server: null, folder, id: folder, systemIdentifier });
    expect(() => selectBackup([base('a/1/', '1'), base('b/1/', '2')], { backup: 'latest' })).toThrow(
      expect.objectContaining({ code: 'CHOICE_NEEDED' }),
    );
    expect(
      selectBackup([base('a/1/', '1'), base('b/1/', '1')], { backup: 'latest' }).backup.systemIdentifier,
    ).toBe('1');
  });
});

describe('a backup that is named', () => {
  const one = backup({ id: '20261101T000000', name: 'nightly' });
  const two = backup({ id: '20261102T000000', name: 'weekly' });

  it('is found by id or by name', () => {
    expect(selectBackup([one, two], { backup: '20261101T000000' }).backup).toBe(one);
    expect(selectBackup([one, two], { backup: 'weekly' }).backup).toBe(two);
  });

  it('that is not there is refused with those that are', () => {
    expect(() => selectBackup([one], { backup: 'x' })).toThrow(
      expect.objectContaining({ code: 'BACKUP_NOT_FOUND', hint: expect.stringContaining('20261101T000000') }),
    );
  });

  it('that several have is not guessed', () => {
    const other = backup({ id: '20261103T000000', name: 'nightly' });
    expect(() => selectBackup([one, other], { backup: 'nightly' })).toThrow(
      expect.objectContaining({ code: 'CHOICE_NEEDED', hint: expect.stringContaining('20261103T000000') }),
    );
  });

  it.each([
    ['failed', 'BACKUP_INCOMPLETE'],
    ['snapshot', 'BACKUP_INCOMPLETE'],
    ['incremental', 'BACKUP_INCOMPLETE'],
    ['unreadable', 'FORMAT_UNKNOWN'],
  ] as const)('and is %s is refused with %s and its own sentence', (status, code) => {
    const broken = backup({ id: 'b', status, problem: 'Its own sentence.' });
    expect(() => selectBackup([broken], { backup: 'b' })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining('Its own sentence.') }),
    );
  });
});

describe('a time that the backup must have finished before', () => {
  /** Ids of a host east of UTC that set its clock back by an hour between the second and the third. */
  const first = at('20261025T010000', '0/4000000', '2026-10-25T00:05:00.000Z');
  const second = at('20261025T023000', '0/5000000', '2026-10-25T00:35:00.000Z', { name: 'hourly' });
  const third = at('20261025T021500', '0/6000000', '2026-10-25T01:20:00.000Z', { name: 'hourly' });
  const all = [first, second, third];
  const pick = (backup: string, before: string, from = all) => selectBackup(from, { backup, before });

  it.each([
    ['2026-10-25T00:05:00.001Z', first],
    ['2026-10-25T00:35:00.000Z', first],
    ['2026-10-25T01:20:00.000Z', second],
    ['2026-10-25T01:20:00.001Z', third],
    ['2027-01-01T00:00:00.000Z', third],
  ])('leaves for %s the newest that had ended by then, whatever the ids say', (before, expected) => {
    expect(pick('latest', before).backup).toBe(expected);
    expect(pick('latest', before, all.toReversed()).backup).toBe(expected);
  });

  it('says how it came to its choice', () => {
    expect(pick('latest', '2026-10-25T01:00:00.000Z').because).toBe(
      'the newest of 2 complete backups that had finished before 2026-10-25T01:00:00.000Z; 1 had not',
    );
    expect(pick('latest', '2026-10-25T00:10:00.000Z').because).toMatch(/^the only one of 3 complete backups/);
    expect(selectBackup(all, { backup: 'latest' }).because).toBe('the newest of 3 complete backups');
  });

  it('compares instants, however they are written', () => {
    const withoutMilliseconds = at('a', '0/4000000', '2026-10-25T00:35:00Z');
    expect(pick('latest', '2026-10-25T00:35:00.001Z', [withoutMilliseconds]).backup).toBe(
      withoutMilliseconds,
    );
  });

  it('that lies before all of them is refused with the oldest', () => {
    expect(() => pick('latest', '2026-10-25T00:05:00.000Z')).toThrow(
      expect.objectContaining({
        code: 'BACKUP_NOT_FOUND',
        hint: expect.stringContaining('20261025T010000, which finished at 2026-10-25T00:05:00.000Z'),
      }),
    );
  });

  it('passes over a backup whose end nobody can place, and says so', () => {
    const naive = backup({ id: 'naive', finishedAt: null });
    expect(pick('latest', '2026-10-25T01:00:00.000Z', [...all, naive])).toMatchObject({
      backup: second,
      passedOver: [{ id: 'naive', problem: 'It does not record when it finished.' }],
    });
    expect(() => pick('latest', '2026-10-25T01:00:00.000Z', [naive])).toThrow(
      expect.objectContaining({ code: 'BACKUP_NOT_FOUND' }),
    );
  });

  it('passes over broken backups of before that time only', () => {
    const failed = (id: string, startedAt: string) =>
      backup({ id, status: 'failed', problem: 'disk full', startedAt, finishedAt: null });
    const early = failed('early', '2026-10-25T00:40:00Z');
    const late = failed('late', '2026-10-25T01:05:00Z');
    const selection = pick('latest', '2026-10-25T01:00:00.000Z', [...all, early, late]);
    expect(selection.passedOver.map(({ id }) => id)).toEqual(['early']);
  });

  it('chooses among backups of one name', () => {
    expect(pick('hourly', '2026-10-25T01:00:00.000Z').backup).toBe(second);
    expect(pick('hourly', '2026-10-26T00:00:00.000Z')).toMatchObject({
      backup: third,
      because: expect.stringContaining('the newest of 2 complete backups named hourly'),
    });
    expect(() => pick('hourly', '2026-10-25T00:10:00.000Z')).toThrow(
      expect.objectContaining({
        code: 'BACKUP_NOT_FOUND',
        message: expect.stringContaining('named hourly'),
      }),
    );
    const elsewhere = at('x', '0/6000000', '2026-10-25T01:20:00Z', { name: 'hourly', server: 'two' });
    expect(() => pick('hourly', '2026-10-26T00:00:00.000Z', [...all, elsewhere])).toThrow(
      expect.objectContaining({ code: 'CHOICE_NEEDED', hint: expect.stringContaining('--server') }),
    );
  });

  it('and an id must agree', () => {
    expect(pick('20261025T023000', '2026-10-25T01:00:00.000Z').backup).toBe(second);
    expect(() => pick('20261025T023000', '2026-10-25T00:35:00.000Z')).toThrow(
      expect.objectContaining({
        code: 'BACKUP_NOT_FOUND',
        message: expect.stringContaining('finished at 2026-10-25T00:35:00.000Z'),
      }),
    );
  });

  it('never chooses a backup that ended later, and of the others none but the last (property)', () => {
    const minute = fc.integer({ min: 0, max: 50 });
    fc.assert(
      fc.property(fc.uniqueArray(minute, { minLength: 1 }), minute, (minutes, limit) => {
        const time = (value: number) => new Date(value * 60_000).toISOString();
        // Ids run against time.
        const made = minutes.map((value) =>
          at(`id${String(99 - value)}`, `${value.toString(16)}/0`, time(value)),
        );
        const expected = minutes.filter((value) => value < limit).sort((a, b) => b - a)[0];
        const chosen = (() => {
          try {
            return pick('latest', time(limit), made).backup.finishedAt;
          } catch {
            return undefined;
          }
        })();
        expect(chosen).toBe(expected === undefined ? undefined : time(expected));
      }),
    );
  });
});

describe('a slip of the fingers', () => {
  const backups = [
    backup({ id: '20261101T000000', name: 'nightly' }),
    backup({ id: '20261102T000000', name: 'before-upgrade' }),
    backup({ id: 'host/20261103', name: null }),
  ];

  it.each([
    ['20261102T00000', '20261102T000000'],
    ['nighlty', 'nightly'],
    ['BEFORE_UPGRADE', 'before-upgrade'],
    ['20261103', 'host/20261103'],
    ['20261101', '20261101T000000'],
  ])('%s is answered with %s', (wanted, meant) => {
    expect(() => selectBackup(backups, { backup: wanted })).toThrow(
      expect.objectContaining({
        code: 'BACKUP_NOT_FOUND',
        hint: expect.stringMatching(new RegExp(`^Did you mean ${meant}\\b`)),
      }),
    );
  });
});
