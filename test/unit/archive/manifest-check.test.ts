import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ManifestAlgorithm, openFileHash } from '../../../src/archive/open-file-hash.ts';
import {
  type ArchiveCheckpoint,
  type ExpectedFile,
  restoreArchive,
} from '../../../src/archive/restore-archive.ts';
import { buildInflate, mixedData, numbersFrom, piecesOf } from './gzip-samples.ts';
import { restoring, temporaryDirectory } from './restore-samples.ts';
import { endBlocks, member } from './tar-samples.ts';

beforeAll(async () => {
  await buildInflate();
}, 60_000);

/** Bit by bit, as RFC 3720 B.4 has it. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

async function hashOf(algorithm: ManifestAlgorithm, bytes: Uint8Array): Promise<string> {
  const hash = await openFileHash(algorithm);
  hash.update(bytes);
  return hash.digest();
}

describe('checksums of backup_manifest', () => {
  it('are those of the standard', async () => {
    // check value of CRC-32C is e3069283; the manifest shows memory order
    expect(await hashOf('CRC32C', Buffer.from('123456789'))).toBe('839206e3');
    expect(await hashOf('SHA256', Buffer.from('abc'))).toBe(createHash('sha256').update('abc').digest('hex'));
    for (const algorithm of ['SHA224', 'SHA384', 'SHA512'] as const) {
      expect(await hashOf(algorithm, Buffer.from(''))).toBe(createHash(algorithm).update('').digest('hex'));
    }
  });

  it('do not depend on how the bytes are cut, and CRC-32C can be taken up again', async () => {
    const data = mixedData(6, 400_000);
    const whole = Buffer.alloc(4);
    whole.writeUInt32LE(slowCrc32c(data));
    for (let seed = 1; seed <= 20; seed++) {
      const below = numbersFrom(seed);
      let hash = await openFileHash('CRC32C');
      for (const piece of piecesOf(data, () => 1 + below(200_000))) {
        hash.update(piece);
        hash = await openFileHash('CRC32C', hash.saved);
      }
      expect(hash.digest()).toBe(whole.toString('hex'));
    }
  });
});

describe('comparing with the manifest while restoring', () => {
  const contents = new Map([
    ['base/1', mixedData(1, 2_000_000)],
    ['base/2', mixedData(2, 900_000)],
    ['base/3', Buffer.from('three')],
    ['base/4', Buffer.alloc(0)],
    // checkpoints inside this one come after the differences
    ['base/5', mixedData(3, 800_000)],
  ]);
  const tar = Buffer.concat([
    ...[...contents].map(([name, content]) => member({ name, content })),
    member({ name: 'base/unlisted', content: 'x' }),
    endBlocks,
  ]);
  const gzip = gzipSync(tar);

  async function manifest(algorithm: ManifestAlgorithm): Promise<Map<string, ExpectedFile>> {
    const files = new Map<string, ExpectedFile>();
    for (const [name, content] of contents) {
      files.set(name, { sizeBytes: content.length, algorithm, checksum: await hashOf(algorithm, content) });
    }
    return files;
  }

  it.each(['CRC32C', 'SHA256'] as const)(
    'finds what differs, also over resumes inside files (%s)',
    async (algorithm) => {
      const files = await manifest(algorithm);
      const good = files.get('base/1') ?? expect.fail();
      const wrong = new Map(files)
        .set('base/2', { ...good, sizeBytes: 900_000 })
        .set('base/3', { sizeBytes: 6, algorithm, checksum: 'aa' });
      for (const [listed, mismatches] of [
        [files, []],
        [wrong, ['base/2 checksum', 'base/3 size']],
      ] as const) {
        await using root = await temporaryDirectory();
        const checkpoints: ArchiveCheckpoint[] = [];
        const restore = (last: ArchiveCheckpoint | null) =>
          restoreArchive({
            ...restoring(gzip, root.path, 'gzip', 30_000),
            expected: (entry) => listed.get(entry.path) ?? null,
            checkpoint: {
              everyBytes: 200_000,
              last,
              save: async (checkpoint) => void checkpoints.push(JSON.parse(JSON.stringify(checkpoint))),
            },
          });
        const results = [await restore(null)];
        const inside = checkpoints.filter(({ tar: { mode } }) => mode === 'data');
        expect(inside.length).toBeGreaterThan(5);
        for (const checkpoint of inside) results.push(await restore(checkpoint));
        for (const result of results) {
          expect(result.checkedFiles).toBe(5);
          expect(result.mismatches.map(({ path, what }) => `${path} ${what}`)).toEqual(mismatches);
        }
      }
    },
  );

  it('compares only sizes when the manifest has no checksums', async () => {
    await using root = await temporaryDirectory();
    const result = await restoreArchive({
      ...restoring(tar, root.path, 'none'),
      expected: ({ path, sizeBytes }) => ({
        sizeBytes: path === 'base/3' ? 4 : sizeBytes,
        algorithm: null,
        checksum: null,
      }),
    });
    expect(result.mismatches).toEqual([{ path: 'base/3', what: 'size', expected: '4', found: '5' }]);
  });
});
