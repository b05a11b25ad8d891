import { describe, expect, it } from 'vitest';
import type { BaseBackup } from '../../../src/backup/base-backup.ts';
import { lineageOf } from '../../../src/backup/wanted-end.ts';
import { healthyBackup } from '../../support/facts.ts';

const older = healthyBackup;
const newer: BaseBackup = {
  ...older,
  id: 'newer',
  endLsn: '0/9000000',
  finishedAt: '2026-11-25T02:05:00Z',
  endTimeline: 2,
};

describe('the lineage of a cluster', () => {
  it('is where its newest complete backup ends', () => {
    const failed: BaseBackup = { ...newer, id: 'failed', endLsn: '0/A000000', status: 'failed' };
    expect(lineageOf([older, newer, failed], older)).toEqual({
      backupId: 'newer',
      timeline: 2,
      lsn: '0/9000000',
    });
    expect(lineageOf([older, newer], newer)?.backupId).toBe('newer');
  });

  it.each([
    ['server', { server: 'other' }],
    ['archive', { walFolder: 'other/wals/' }],
    ['cluster', { systemIdentifier: '42' }],
  ] as const)('is not told by a backup of another %s', (_, change) => {
    expect(lineageOf([older, { ...newer, ...change }], older)?.backupId).toBe(older.id);
  });

  it('is not known where nothing tells the cluster or the place', () => {
    const alone = { systemIdentifier: null, walFolder: null };
    expect(
      lineageOf(
        [
          { ...older, ...alone },
          { ...newer, ...alone },
        ],
        { ...older, ...alone },
      ),
    ).toBeNull();
    expect(
      lineageOf([older, { ...newer, endLsn: null, finishedAt: '2026-11-25T02:05:00Z' }], older),
    ).toBeNull();
  });
});
