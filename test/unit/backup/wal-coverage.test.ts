import { describe, expect, it } from 'vitest';
import { readWalCoverage } from '../../../src/backup/wal-coverage.ts';
import { segmentName } from '../../../src/postgres/wal-segment.ts';
import type { ObjectStorage } from '../../../src/storage/object-storage.ts';
import { openBackupStore, putHistory, putSegments, segmentNames } from '../../support/backup-store.ts';

const signal = new AbortController().signal;
const MiB = 2 ** 20;
const read = (storage: ObjectStorage, recorded = 16 * MiB) =>
  readWalCoverage(storage, 'w/', recorded, signal);

describe('the WAL of an archive', () => {
  it('is its segments by timeline, without labels, partial, empty and foreign files', async () => {
    await using store = await openBackupStore();
    await putSegments(store, 'w/', segmentNames(1, 2, 3), { modifiedAt: '2026-11-20T02:00:00Z' });
    await putSegments(store, 'w/', segmentNames(1, 4, 1), {
      suffix: '.bz2',
      modifiedAt: '2026-11-20T03:00:00Z',
    });
    await putSegments(store, 'w/', segmentNames(2, 4, 1), { suffix: '' });
    await putHistory(store, 'w/', 2, '1\t0/4800000\tno recovery target specified\n');
    const folder = 'w/0000000100000000/';
    await store.put(`${folder}000000010000000000000005.00000028.backup.gz`, 'x');
    await store.put(`${folder}000000010000000000000005.partial.gz`, 'x');
    await store.put(`${folder}000000010000000000000006.gz`, '');
    await store.put(`${folder}notes.txt`, 'x');
    const coverage = await read(store.storage);
    expect(coverage.segmentBytes).toBe(16 * MiB);
    expect([...coverage.timelines]).toEqual([
      [1, [{ from: 2, to: 4, archivedAt: '2026-11-20T03:00:00.000Z' }]],
      [2, [{ from: 4, to: 4, archivedAt: expect.any(String) }]],
    ]);
    expect(coverage.histories).toMatchObject([{ timeline: 2, entries: [{ timeline: 1 }] }]);
  });

  it('is counted in its own segment size, whatever is recorded', async () => {
    await using store = await openBackupStore();
    const names = [62, 63, 64, 65].map((number) => segmentName({ timeline: 1, number }, 64 * MiB));
    await putSegments(store, 'w/', names, { segmentBytes: 64 * MiB });
    const coverage = await read(store.storage);
    expect(coverage.segmentBytes).toBe(64 * MiB);
    expect(coverage.timelines.get(1)).toMatchObject([{ from: 62, to: 65 }]);
  });

  it('is counted in the recorded size when its first segment is damaged', async () => {
    await using store = await openBackupStore();
    const [name = ''] = segmentNames(1, 2, 1);
    await store.put(`w/${name.slice(0, 16)}/${name}.gz`, new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3]));
    expect(await read(store.storage, 64 * MiB)).toMatchObject({ segmentBytes: 64 * MiB });
  });

  it('of a hundred thousand segments is one listing and a few ranges', async () => {
    const missing = new Set([12_345, 77_777, 77_778]);
    await using store = await openBackupStore();
    const first = segmentName({ timeline: 1, number: 0 }, 16 * MiB);
    await putSegments(store, 'w/', [first]);
    const stored = await store.storage.stat(`w/${first.slice(0, 16)}/${first}.gz`, signal);
    if (stored === null) expect.fail('the first segment is not stored');
    let listings = 0;
    const storage: ObjectStorage = {
      ...store.storage,
      async *list() {
        listings += 1;
        for (let number = 0; number < 100_000; number += 1) {
          if (missing.has(number)) continue;
          const name = segmentName({ timeline: 1, number }, 16 * MiB);
          yield { ...stored, key: `w/${name.slice(0, 16)}/${name}.gz` };
        }
      },
    };
    const { timelines } = await read(storage);
    expect(listings).toBe(1);
    expect(timelines.get(1)?.map(({ from, to }) => [from, to])).toEqual([
      [0, 12_344],
      [12_346, 77_776],
      [77_779, 99_999],
    ]);
  });
});
