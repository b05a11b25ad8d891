import { brotliCompressSync, constants } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeDecoder, encodeDecoder } from '../../../src/archive/encoded-decoder.ts';
import { openDecoder } from '../../../src/archive/open-decoder.ts';
import { type ArchiveCheckpoint, restoreArchive } from '../../../src/archive/restore-archive.ts';
import { mixedData, piecesOf } from './gzip-samples.ts';
import { contentOf, restoring, temporaryDirectory } from './restore-samples.ts';
import { endBlocks, member } from './tar-samples.ts';

const pack = (data: Uint8Array): Buffer =>
  brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } });

async function decode(packed: Uint8Array, size: number, most = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const decoder = await openDecoder('brotli');
  const output: Buffer[] = [];
  try {
    for (const piece of piecesOf(packed, () => size)) {
      for await (const slice of decoder.push(piece)) output.push(Buffer.from(slice));
      if (Buffer.concat(output).length > most) return Buffer.concat(output);
    }
    for await (const slice of decoder.rest()) output.push(Buffer.from(slice));
    decoder.finish();
    expect(decoder.outputBytes).toBe(Buffer.concat(output).length);
    expect(decoder.compressedBytes).toBe(packed.length);
  } finally {
    decoder.release();
  }
  return Buffer.concat(output);
}

it('a tar in brotli goes on from a checkpoint in the middle of a file as if nothing had been', async () => {
  const members = [1, 2, 3].map((seed) =>
    member({ name: `base/${seed}`, content: mixedData(seed, 200_000) }),
  );
  const packed = pack(Buffer.concat([...members, endBlocks]));
  await using root = await temporaryDirectory();
  const stop = new Error('killed');
  let saves = 0;
  let last: ArchiveCheckpoint | null = null;
  const first = restoreArchive({
    ...restoring(packed, root.path, 'brotli', 30_000),
    checkpoint: {
      everyBytes: 90_000,
      last: null,
      save: async (checkpoint) => {
        last = JSON.parse(JSON.stringify(checkpoint)) as ArchiveCheckpoint;
        if (++saves === 4) throw stop;
      },
    },
  });
  await expect(first).rejects.toBe(stop);
  expect(last).toMatchObject({
    tar: { mode: 'data', offset: expect.toSatisfy((offset: number) => offset > 300_000) },
  });
  await restoreArchive({
    ...restoring(packed, root.path, 'brotli', 30_000),
    checkpoint: { last, save: async () => {} },
  });
  const content = await contentOf(root.path);
  for (const seed of [1, 2, 3]) {
    expect(content[`base/${seed}`] === mixedData(seed, 200_000).toString('latin1'), `base/${seed}`).toBe(
      true,
    );
  }
});

describe('the brotli decoder', () => {
  const data = Buffer.concat([mixedData(1, 700_000), Buffer.alloc(5_000_000), mixedData(2, 300_000)]);
  const packed = pack(data);

  it('gives the bytes that were packed, whatever pieces they come in', async () => {
    for (const size of [997, 65_536, 10_000_000])
      expect((await decode(packed, size)).equals(data)).toBe(true);
    expect((await decode(pack(mixedData(3, 500)), 1)).equals(mixedData(3, 500))).toBe(true);
    expect(await decode(pack(Buffer.alloc(0)), 10)).toHaveLength(0);
  });

  it('goes on from the beginning, wherever its state was taken', async () => {
    const decoder = await openDecoder('brotli');
    for await (const _slice of decoder.push(packed.subarray(0, 100_000)));
    const state = JSON.stringify(encodeDecoder(decoder.snapshot()));
    decoder.release();
    expect(JSON.parse(state)).toMatchObject({ compressedBytes: 0, outputBytes: 0 });
    const again = await openDecoder('brotli', decodeDecoder(JSON.parse(state)));
    const output: Buffer[] = [];
    for await (const slice of again.push(packed)) output.push(Buffer.from(slice));
    for await (const slice of again.rest()) output.push(Buffer.from(slice));
    again.finish();
    again.release();
    expect(Buffer.concat(output).equals(data)).toBe(true);
  });

  it('notices that a stream ends too early, wherever it does', async () => {
    const small = pack(mixedData(4, 3000));
    for (let length = 0; length < small.length; length++) {
      await expect(decode(small.subarray(0, length), 4096), `${length} bytes`).rejects.toMatchObject({
        code: 'ARCHIVE_CORRUPT',
      });
    }
  });

  it('gives the beginning of a stream of which the rest is missing', async () => {
    const decoder = await openDecoder('brotli');
    let bytes = 0;
    for await (const slice of decoder.push(packed.subarray(0, 50_000))) bytes += slice.length;
    for await (const slice of decoder.rest()) bytes += slice.length;
    decoder.release();
    expect(bytes).toBeGreaterThan(50_000);
  });

  it.each([
    ['what is no brotli', Buffer.from('<html>503 Service Unavailable</html>')],
    ['what is encrypted', Buffer.from('6b3fa1b2c3d4e5f60718293a4b5c6d7e', 'hex')],
    ['bytes behind the end of a stream', Buffer.concat([pack(mixedData(5, 3000)), Buffer.from('more')])],
    ['a second stream', Buffer.concat([pack(mixedData(5, 3000)), pack(mixedData(6, 3000))])],
  ])('refuses %s', async (_, bytes) => {
    for (const size of [1, 7, 10_000]) {
      await expect(decode(bytes, size)).rejects.toMatchObject({
        code: 'ARCHIVE_CORRUPT',
        details: { compressedOffset: expect.any(Number) },
      });
    }
  });
});
