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
