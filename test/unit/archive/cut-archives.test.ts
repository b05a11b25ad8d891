import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { restoreArchive } from '../../../src/archive/restore-archive.ts';
import { buildInflate, mixedData } from './gzip-samples.ts';
import { contentOf, restoring, temporaryDirectory } from './restore-samples.ts';
import { endBlocks, member } from './tar-samples.ts';

beforeAll(async () => {
  await buildInflate();
}, 60_000);

const members = [
  member({ name: 'backup_label', content: 'START' }),
  member({ name: 'base/1/1', content: mixedData(1, 30_000) }),
  member({ name: 'base/1/2', content: '' }),
  member({ name: 'global/pg_control', content: mixedData(2, 8192) }),
];
const tar = Buffer.concat([...members, endBlocks]);

describe.each([
  ['none', (bytes: Uint8Array) => bytes],
  ['gzip', (bytes: Uint8Array) => gzipSync(bytes)],
] as const)('a tar (codec %s)', (codec, pack) => {
  it('that was cut exactly between two entries is noticed, at the byte where it ends', async () => {
    for (let count = 0; count <= members.length; count++) {
      await using root = await temporaryDirectory();
      const cut = Buffer.concat(members.slice(0, count));
      await expect(restoreArchive(restoring(pack(cut), root.path, codec))).rejects.toMatchObject({
        code: 'ARCHIVE_CORRUPT',
        message: expect.stringMatching(new RegExp(`^base\\.tar\\.gz: .*byte ${cut.length}\\b`)),
      });
    }
  });

  it('behind which another one was appended is noticed, at the byte where that begins', async () => {
    await using root = await temporaryDirectory();
    const two = Buffer.concat([pack(tar), pack(tar)]);
    await expect(restoreArchive(restoring(two, root.path, codec))).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringMatching(new RegExp(`data after the end.*byte ${tar.length}\\b`)),
    });
  });

  it('in two pieces is one archive', async () => {
    // gzip: two members, as pigz and bgzip write them; uncompressed, what a multipart upload puts together again.
    await using root = await temporaryDirectory();
    const joined = Buffer.concat([pack(tar.subarray(0, 20_000)), pack(tar.subarray(20_000))]);
    await restoreArchive(restoring(joined, root.path, codec));
    expect(Object.keys(await contentOf(root.path)).sort()).toEqual(
      ['backup_label', 'base', 'base/1', 'base/1/1', 'base/1/2', 'global', 'global/pg_control'].sort(),
    );
  });

  it('of which the second piece is missing is noticed', async () => {
    await using root = await temporaryDirectory();
    await expect(
      restoreArchive(restoring(pack(tar.subarray(0, 20_000)), root.path, codec)),
    ).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', message: expect.stringContaining('base/1/1') });
  });

  it('with nothing in it is restored as nothing', async () => {
    await using root = await temporaryDirectory();
    const restored = await restoreArchive(restoring(pack(endBlocks), root.path, codec));
    expect(restored).toMatchObject({ files: 0, captured: {} });
  });
});
