import { randomBytes } from 'node:crypto';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compress } from '../../../src/take/compress.ts';

const MiB = 1024 ** 2;
// Two kinds of content, so that later blocks are done before earlier ones.
const content = Buffer.concat([randomBytes(5 * MiB), Buffer.alloc(9 * MiB, 'abc'), randomBytes(123_457)]);

async function* inPieces(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 700_001) yield content.subarray(at, at + 700_001);
}

const decoders = { zstd: zstdDecompressSync, gzip: gunzipSync, none: (bytes: Buffer) => bytes } as const;

test.each(['zstd', 'gzip', 'none'] as const)(
  '%s blocks are one archive, in the order of the stream',
  async (name) => {
    const packed: Uint8Array[] = [];
    for await (const block of compress(inPieces(), name, 3)) packed.push(block);
    expect(packed.length).toBeGreaterThan(3);
    expect(decoders[name](Buffer.concat(packed)).equals(content)).toBe(true);
  },
);

test('reads no further ahead than its threads can work', async () => {
  let read = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      read += 1;
      yield Buffer.alloc(MiB);
    }
  }
  for await (const _ of compress(endless(), 'gzip', 2)) break;
  expect(read).toBeLessThanOrEqual(5);
});

test('an error of the stream is the reader’s', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(MiB);
    throw new Error('the stream broke');
  }
  const reading = async () => {
    for await (const _ of compress(broken(), 'zstd', 2));
  };
  await expect(reading()).rejects.toThrow('the stream broke');
});
