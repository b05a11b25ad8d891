import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { WalObject } from '../../../src/backup/base-backup.ts';
import { WalSpool } from '../../../src/steps/wal-spool.ts';
import { openDirectoryStorage } from '../../../src/storage/directory.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { walPage } from '../../support/wal-page.ts';
import { decoders } from '../archive/restore-samples.ts';

const segmentBytes = 2 ** 20;
const systemIdentifier = '7711482807481257680';
const first = '000000010000000000000001';
const second = '000000010000000000000002';
const signal = new AbortController().signal;
const owner = { uid: 4711, gid: 4712 };

function segment(number: number, content: Parameters<typeof walPage>[0] = {}): Uint8Array {
  const bytes = new Uint8Array(segmentBytes).fill(number);
  bytes.set(walPage({ pageLsn: BigInt(number * segmentBytes), systemIdentifier, segmentBytes, ...content }));
  return bytes;
}

/** An archive in a directory, and a spool that is filled from it. */
async function places() {
  const directory = await temporaryDirectory();
  const archive = join(directory.path, 'archive');
  const work = join(directory.path, 'work');
  for (const path of [archive, work]) await mkdir(path);
  const tree = new DirectTree(work);
  const storage = openDirectoryStorage(archive);
  const expected = { segmentBytes, systemIdentifier, serverMajor: 17 };
  return {
    tree,
    work,
    open: (planned: readonly string[] = [first, second]) =>
      WalSpool.open(
        {
          tree,
          owner,
          signal,
          source: { storage, rangeBytes: 2 ** 20, decoders: decoders(2 ** 18), expected },
        },
        new Set(planned),
      ),
    archived: async (name: string, bytes: Uint8Array, key = name): Promise<WalObject> => {
      await writeFile(join(archive, key), bytes);
      const found = await storage.stat(key, signal);
      return { name, key, sizeBytes: bytes.length, etag: found?.etag ?? '' };
    },
    incoming: () => readdir(join(work, 'wal-incoming')),
    read: (name: string) => readFile(join(work, 'wal', name)),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

describe('the spool of WAL', () => {
  it('has segments whole, decompressed and readable for the server', async () => {
    await using place = await places();
    const spool = await place.open();
    const brought = [
      await place.archived(first, segment(1)),
      await place.archived(second, gzipSync(segment(2)), `${second}.gz`),
    ];
    expect(await spool.bring(brought, signal)).toBe(2 * segmentBytes);
    expect(await place.read(first)).toEqual(Buffer.from(segment(1)));
    expect(await place.read(second)).toEqual(Buffer.from(segment(2)));
    expect(await spool.names()).toEqual([first, second]);
    expect(await place.incoming()).toEqual([]);
    const { uid, gid, mode } = await stat(join(place.work, 'wal', first));
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ ...owner, mode: 0o600 });
    await spool.close();
  });

  it('goes by what an object is, not by what it is called', async () => {
    await using place = await places();
    const spool = await place.open();
    await spool.bring(
      [
        await place.archived(first, gzipSync(segment(1)), `${first}.bz2`),
        await place.archived(second, segment(2), `${second}.xz`),
      ],
      signal,
    );
    expect(await place.read(first)).toEqual(Buffer.from(segment(1)));
    expect(await place.read(second)).toEqual(Buffer.from(segment(2)));
    await spool.close();
  });

  it.each([
    ['of another cluster', segment(1, { systemIdentifier: '1' }), 'belongs to another database cluster'],
    ['of another major', segment(1, { major: 15 }), 'is WAL of PostgreSQL 15, not 17'],
    ['of another position', segment(2), 'holds the WAL of another position'],
    ['of a later timeline', segment(1, { timeline: 2 }), 'holds the WAL of another timeline'],
    ['of another segment size', segment(1, { segmentBytes: 2 ** 24 }), 'is of a cluster with segments of'],
    ['cut short', segment(1).subarray(0, 5000), 'has 5000 bytes, but a segment has 1048576'],
    ['too long', Buffer.concat([segment(1), Buffer.from('x')]), 'is larger than a segment'],
    ['without a header', new Uint8Array(segmentBytes), 'does not begin with a WAL page header'],
    ['empty', new Uint8Array(), 'is empty'],
  ])('never shows a segment that is %s, and keeps nothing of it', async (_what, bytes, message) => {
    await using place = await places();
    const spool = await place.open();
    const object = await place.archived(first, bytes);
    await expect(spool.bring([object], signal)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining(message) as unknown,
    });
    expect(await spool.names()).toEqual([]);
    expect(await place.incoming()).toEqual([]);
    // It goes on with the next one.
    await spool.bring([await place.archived(second, segment(2))], signal);
    expect(await spool.names()).toEqual([second]);
    await spool.close();
  });

  it('refuses an object that is another one by now', async () => {
    await using place = await places();
    const spool = await place.open();
    const planned = await place.archived(first, segment(1));
    await place.archived(first, gzipSync(segment(1)));
    await expect(spool.bring([planned], signal)).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
    await spool.close();
  });

  it('keeps what is in it when odo is killed, except halves, refusals and what is not planned', async () => {
    await using place = await places();
    const spool = await place.open();
    await spool.bring([await place.archived(first, segment(1))], signal);
    await spool.refuse(second);
    await writeFile(join(place.work, 'wal-incoming', second), 'half');
    const third = '000000010000000000000003';
    await writeFile(join(place.work, 'wal', third), 'of an earlier plan');
    expect(await (await place.open()).names()).toEqual([first]);
    expect(await place.incoming()).toEqual([]);
  });

  it('trusts nothing in it after the machine was started again', async () => {
    await using place = await places();
    const spool = await place.open();
    await spool.bring([await place.archived(first, segment(1))], signal);
    await writeFile(join(place.work, 'wal-boot'), 'an earlier one');
    expect(await (await place.open()).names()).toEqual([]);
    // From here on this boot's files count again.
    const again = await place.open();
    await again.bring([await place.archived(second, segment(2))], signal);
    expect(await (await place.open()).names()).toEqual([second]);
  });
});
