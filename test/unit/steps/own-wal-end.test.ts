import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WalPlan } from '../../../src/backup/base-backup.ts';
import { formatLsn } from '../../../src/postgres/lsn.ts';
import { endOfOwnWal } from '../../../src/steps/own-wal-end.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { WalBuilder } from '../../support/wal-builder.ts';

/** Two segments of `pg_wal.tar`, the second one full of zeros behind its last record. */
function ownWal() {
  const wal = new WalBuilder();
  const begin = wal.record({ manager: 0, info: 0x10 });
  wal.fillSegment(30);
  wal.filler(500);
  const last = wal.record({ manager: 0, info: 0x50 });
  return { wal, begin, last };
}

async function endOf(
  { wal, begin }: ReturnType<typeof ownWal>,
  place: 'wal' | 'pg_wal',
): Promise<string | null> {
  await using directory = await temporaryDirectory('odo-test-own-wal-');
  await mkdir(join(directory.path, place));
  for (const { name, bytes } of wal.segments) await writeFile(join(directory.path, place, name), bytes);
  await writeFile(join(directory.path, place, '00000001.history'), 'nothing');
  const tree = new DirectTree(directory.path);
  const names = wal.segments.map(({ name }) => name);
  const plan: WalPlan = {
    source: 'backup',
    segmentBytes: wal.segmentBytes,
    timeline: 1,
    beginSegment: names[0] ?? '',
    consistentSegment: names.at(-1) ?? '',
    lastSegment: names.at(-1) ?? '',
    objects: [],
  };
  return await endOfOwnWal(
    [
      { tree, path: 'wal' },
      { tree, path: 'pg_wal' },
    ],
    {
      wal: plan,
      beginLsn: formatLsn(begin.lsn),
      serverMajor: 17,
      systemIdentifier: String(wal.systemIdentifier),
      signal: new AbortController().signal,
    },
  );
}

describe('WAL that a backup brought', () => {
  it.each(['wal', 'pg_wal'] as const)('in %s ends with its last valid record', async (place) => {
    const sample = ownWal();
    expect(await endOf(sample, place)).toBe(formatLsn(sample.last.lsn));
  });

  it('is refused when a record is damaged', async () => {
    const sample = ownWal();
    sample.wal.segment(4)[300]! ^= 1;
    await expect(endOf(sample, 'wal')).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      details: { segment: '000000010000000000000004', reason: 'bad-checksum' },
    });
  });

  it('says nothing where there is none', async () => {
    const { wal, begin } = ownWal();
    const empty = new WalBuilder();
    expect(await endOf({ ...ownWal(), wal: empty, begin: { ...begin, lsn: wal.lsn } }, 'wal')).toBeNull();
  });
});
