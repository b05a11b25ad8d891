/**
 * Our gzip decoder against node:zlib, on the same data in the same run: `npm run bench [-- MEGABYTES ROUNDS]`.
 * Rounds alternate and medians are compared: on a shared machine trust the ratio, not the seconds.
 */
import { createGunzip, gzipSync } from 'node:zlib';
import { buildInflate } from '../src/archive/inflate/build.ts';
import { openDecoder } from '../src/archive/open-decoder.ts';
import { openFileHash } from '../src/archive/open-file-hash.ts';

const pageBytes = 8192;
const megabytes = Number(process.argv[2] ?? 192);
const rounds = Number(process.argv[3] ?? 7);

/** Heap pages as pgbench and text tables make them: line pointers, tuple headers, counters, hex, words, free space. */
function heapPages(count: number): Buffer {
  const pages = Buffer.alloc(count * pageBytes);
  let state = 12345;
  const below = (limit: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % limit;
  };
  const words = Array.from({ length: 400 }, () => below(2 ** 24).toString(36));
  for (let page = 0; page < count; page++) {
    const at = page * pageBytes;
    pages.writeUInt32LE(below(2 ** 24), at + 4);
    let pointer = at + 24;
    let tuple = at + pageBytes;
    for (let row = 0; ; row++) {
      const text =
        page % 3 === 0
          ? `${words[below(400)]} ${words[below(400)]} ${words[below(400)]}`
          : below(2 ** 24)
              .toString(16)
              .padEnd(84);
      const length = 24 + 12 + text.length;
      const aligned = (length + 7) & ~7;
      if (tuple - aligned < pointer + 4 + (page % 7) * 300) break;
      tuple -= aligned;
      pages.writeUInt32LE(((tuple - at) | (1 << 15) | (length << 17)) >>> 0, pointer);
      pointer += 4;
      pages.writeUInt32LE(700 + (page & 15), tuple);
      pages.writeUInt32LE(page, tuple + 12);
      pages.writeUInt16LE(row + 1, tuple + 16);
      pages.writeUInt32LE(page * 60 + row, tuple + 24);
      pages.writeUInt32LE(below(100_000), tuple + 28);
      pages.write(text, tuple + 36, 'latin1');
    }
    pages.writeUInt16LE(pointer - at, at + 12);
    pages.writeUInt16LE(tuple - at, at + 14);
  }
  return pages;
}

async function withOurs(pieces: readonly Uint8Array[]): Promise<number> {
  const decoder = await openDecoder('gzip');
  for (const piece of pieces) for (const _slice of decoder.push(piece));
  decoder.finish();
  return decoder.outputBytes;
}

async function withZlib(pieces: readonly Uint8Array[]): Promise<number> {
  const gunzip = createGunzip({ chunkSize: 1024 * 1024 });
  let bytes = 0;
  gunzip.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const ended = new Promise<void>((resolve, reject) => gunzip.once('end', resolve).once('error', reject));
  for (const piece of pieces)
    if (!gunzip.write(piece)) await new Promise((resolve) => gunzip.once('drain', resolve));
  gunzip.end();
  await ended;
  return bytes;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

await buildInflate();
const pages = heapPages(Math.floor((megabytes * 1e6) / pageBytes));
const gzip = gzipSync(pages, { level: 6 });
const pieces = Array.from({ length: Math.ceil(gzip.length / 262_144) }, (_, i) =>
  gzip.subarray(i * 262_144, (i + 1) * 262_144),
);
console.log(
  `${(pages.length / 1e6).toFixed(0)} MB of heap pages, gzip -6: ${(gzip.length / 1e6).toFixed(0)} MB; ${rounds} rounds`,
);

const ours: number[] = [];
const zlib: number[] = [];
for (let round = 0; round < rounds; round++) {
  for (const [decode, seconds] of [
    [withOurs, ours],
    [withZlib, zlib],
  ] as const) {
    const start = performance.now();
    const bytes = await decode(pieces);
    if (bytes !== pages.length) throw new Error(`decoded ${bytes} bytes of ${pages.length}`);
    seconds.push((performance.now() - start) / 1000);
  }
}
const speed = (seconds: readonly number[]) =>
  `${median(seconds).toFixed(3)} s  ${(pages.length / 1e6 / median(seconds)).toFixed(0)} MB/s`;
console.log(`odo        ${speed(ours)}`);
console.log(`node:zlib  ${speed(zlib)}`);
console.log(`ratio      ${(median(zlib) / median(ours)).toFixed(2)} (above 1: odo is faster)`);

const hash = await openFileHash('CRC32C');
const start = performance.now();
hash.update(pages);
console.log(`CRC-32C    ${(pages.length / 1e6 / ((performance.now() - start) / 1000)).toFixed(0)} MB/s`);
