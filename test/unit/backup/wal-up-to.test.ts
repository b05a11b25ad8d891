import { expect, it } from 'vitest';
import type { WalPlan } from '../../../src/backup/base-backup.ts';
import { walUpTo } from '../../../src/backup/wal-up-to.ts';
import { segmentNames } from '../../support/backup-store.ts';

const object = (name: string) => ({ name, key: name, sizeBytes: 1, etag: '"e"' });
const plan: WalPlan = {
  source: 'archive',
  segmentBytes: 16 * 2 ** 20,
  timeline: 2,
  beginSegment: '000000010000000000000004',
  consistentSegment: '000000010000000000000005',
  lastSegment: '00000002000000000000000A',
  objects: ['00000002.history', ...segmentNames(1, 4, 3), ...segmentNames(2, 7, 4)].map(object),
};
const cut = (lsn: string) => {
  const { objects, lastSegment } = walUpTo(plan, lsn);
  return { names: objects.map(({ name }) => name), lastSegment };
};

it('keeps the segment of the position, the one behind it and every history file', () => {
  expect(cut('0/70000A0')).toEqual({
    names: ['00000002.history', ...segmentNames(1, 4, 3), ...segmentNames(2, 7, 2)],
    lastSegment: '000000020000000000000008',
  });
});

it('keeps what makes the backup consistent', () => {
  expect(cut('0/4000028')).toEqual({
    names: ['00000002.history', ...segmentNames(1, 4, 2)],
    lastSegment: '000000010000000000000005',
  });
});

it('keeps everything when the position is in the last segment or behind it', () => {
  for (const lsn of ['0/A000028', 'FF/0']) {
    expect(cut(lsn)).toEqual({ names: plan.objects.map(({ name }) => name), lastSegment: plan.lastSegment });
  }
});

it('leaves WAL that is inside the backup alone', () => {
  const inside: WalPlan = { ...plan, source: 'backup', objects: [] };
  expect(walUpTo(inside, '0/4000028')).toEqual(inside);
});
