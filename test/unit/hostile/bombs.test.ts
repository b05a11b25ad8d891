import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RestoreArchiveOptions, restoreArchive } from '../../../src/archive/restore-archive.ts';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { buildInflate } from '../archive/gzip-samples.ts';
import { restoring } from '../archive/restore-samples.ts';
import { member } from '../archive/tar-samples.ts';

const mebibyte = 1024 * 1024;
const zeros = Buffer.alloc(mebibyte);
const bombMiB = 128;

/** `head` and a lot of zeros, which take next to nothing. */
async function bomb(head: Buffer, codec: 'gzip' | 'zstd', fill = zeros): Promise<Buffer> {
  const packer =
    codec === 'gzip'
      ? createGzip({ level: 1 })
      : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const pieces: Buffer[] = [];
  packer.on('data', (piece: Buffer) => pieces.push(piece));
  const ended = new Promise((resolve, reject) => packer.on('end', resolve).on('error', reject));
  packer.write(head);
  for (let i = 0; i < bombMiB; i++) {
    if (!packer.write(fill)) await new Promise((resolve) => packer.once('drain', resolve));
  }
  packer.end();
  await ended;
  return Buffer.concat(pieces);
}

let root = '';
beforeAll(async () => {
  await buildInflate();
}, 60_000);
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'odo-bomb-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const restore = (content: Buffer, codec: 'gzip' | 'zstd', more: Partial<RestoreArchiveOptions> = {}) =>
  restoreArchive({ ...restoring(content, root, codec, mebibyte), durable: false, ...more }).then(
    () => null,
    (error: unknown) => {
      if (errorCode(error) === undefined) throw error;
      return errorCode(error);
    },
  );

const usedBytes = () => new DirectTree(root).usedBytes();

describe.each(['gzip', 'zstd'] as const)('a small %s object with a lot in it', (codec) => {
  const file = member({ name: 'PG_VERSION', content: '17\n' });

  it('that are zeros behind the end of the archive writes none of them', async () => {
    const content = await bomb(file, codec);
    expect(content.length).toBeLessThan(3 * mebibyte);
    expect(await restore(content, codec)).toBeNull();
    expect((await stat(join(root, 'PG_VERSION'))).size).toBe(3);
    expect(await usedBytes()).toBeLessThan(mebibyte);
  });

  it('that no entry declares ends at the first block of it', async () => {
    const content = await bomb(file, codec, Buffer.alloc(mebibyte, 'x'));
    expect(await restore(content, codec)).toBe('ARCHIVE_CORRUPT');
    expect(await usedBytes()).toBeLessThan(mebibyte);
  });

  it('that a manifest does not know of is refused before a byte of it is written', async () => {
    const sizeField = Buffer.from('77777777777\0');
    const content = await bomb(member({ name: 'base', sizeField }), codec);
    const expected = () => ({ sizeBytes: 8192, algorithm: null, checksum: null });
    expect(await restore(content, codec, { expected })).toBe('ENTRY_REFUSED');
    expect(await usedBytes()).toBeLessThan(mebibyte);
  });
});
