/** A bucket with one of each kind of trouble: the examples in docs/json-output.md, and what the table is tested with. */

import type { BaseBackup } from '../src/backup/base-backup.ts';
import type { BackupSurvey, SurveyedBackup } from '../src/backup/survey-backups.ts';
import { samplePlan } from './sample-events.ts';

const GiB = 1024 ** 3;
const { backup: planned } = samplePlan.contents;

const whole: BaseBackup = {
  ...planned,
  name: 'nightly',
  dataBytes: Math.round(41.3 * GiB),
  serverVersion: 170_006,
  codec: 'gzip',
  endTimeline: 3,
  segmentBytes: 16 * 1024 ** 2,
};

const archiveEnd = {
  timeline: 3,
  lsn: '2A/8000000',
  segment: '000000030000002A00000007',
  archivedAt: '2026-11-22T21:58:03.000Z',
} as const;

const gapEnd = {
  timeline: 3,
  lsn: '29/F0000000',
  segment: '0000000300000029000000EF',
  archivedAt: '2026-11-18T17:40:11.000Z',
} as const;

const nothing = { missing: null, reaches: null, gap: null };

const survey = (backup: BaseBackup, wal: SurveyedBackup['wal'], whyNot: string | null): SurveyedBackup => ({
  backup,
  kind: backup.status === 'snapshot' ? 'snapshot' : 'full',
  wal,
  restorable: whyNot === null,
  whyNot,
});

export const sampleSurvey: BackupSurvey = {
  backups: [
    survey(
      {
        ...whole,
        id: '20261117T020000',
        folder: 'main/base/20261117T020000/',
        startedAt: '2026-11-17T02:00:00Z',
        finishedAt: '2026-11-17T02:10:55Z',
        storedBytes: Math.round(12.4 * GiB),
        dataBytes: Math.round(39.9 * GiB),
        beginLsn: '29/D0000028',
        endLsn: '29/D4000060',
      },
      { state: 'complete', missing: null, reaches: gapEnd, gap: '0000000300000029000000F0' },
      'WAL segment 0000000300000029000000F0 is missing behind it although newer ones are there: it reaches 29/F0000000, archived at 2026-11-18T17:40:11.000Z, and what came later would be lost.',
    ),
    survey(
      {
        ...whole,
        id: '20261119T020001',
        folder: 'main/base/20261119T020001/',
        name: 'before the upgrade of the shop',
        status: 'failed',
        problem: 'barman recorded it as FAILED: failure uploading data (disk full).',
        startedAt: '2026-11-19T02:00:01Z',
        finishedAt: null,
        storedBytes: Math.round(3.1 * GiB),
        codec: null,
        endLsn: null,
        beginLsn: '29/F8000028',
        endTimeline: null,
      },
      { state: 'unknown', ...nothing },
      'barman recorded it as FAILED: failure uploading data (disk full).',
    ),
    survey(whole, { state: 'complete', missing: null, reaches: archiveEnd, gap: null }, null),
    survey(
      {
        ...whole,
        id: '20261122T220000',
        folder: 'main/base/20261122T220000/',
        startedAt: '2026-11-22T22:00:00Z',
        finishedAt: '2026-11-22T22:09:12Z',
        storedBytes: Math.round(13.1 * GiB),
        dataBytes: Math.round(41.5 * GiB),
        beginLsn: '2A/8000028',
        endLsn: '2A/90000F8',
      },
      { state: 'missing', missing: '000000030000002A00000008', reaches: null, gap: null },
      'WAL segment 000000030000002A00000008 is not in the archive, and without it the backup cannot become consistent.',
    ),
  ],
  windows: [
    {
      server: 'main',
      timeline: 3,
      kind: 'range',
      from: { backup: '20261117T020000', lsn: '29/D4000060', finishedAt: '2026-11-17T02:10:55Z' },
      to: gapEnd,
      backups: ['20261117T020000'],
    },
    {
      server: 'main',
      timeline: 3,
      kind: 'range',
      from: { backup: whole.id, lsn: whole.endLsn, finishedAt: whole.finishedAt },
      to: archiveEnd,
      backups: [whole.id],
    },
  ],
  gaps: [
    {
      server: 'main',
      timeline: 3,
      firstMissing: '0000000300000029000000F0',
      lastMissing: '0000000300000029000000F1',
      segments: 2,
      beginLsn: '29/F0000000',
      endLsn: '29/F2000000',
      usableBefore: ['20261117T020000'],
      usableAfter: [whole.id],
    },
  ],
  warnings: [],
};
