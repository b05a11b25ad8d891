/**
 * Our gzip decoder and checksums against node:zlib, and the fast codecs against their programs, on the same data.
 * Rounds alternate and medians are compared: on a shared machine trust the ratio, not the seconds.
 */
import { crc32, createGunzip, gzipSync } from 'node:zlib';
import { openDecoder } from '../../src/archive/open-decoder.ts';
import { openFileHash } from '../../src/archive/open-file-hash.ts';
import { buildModules } from '../../src/archive/wasm/build.ts';
import { benchCodecs } from './codecs.ts';
import { median } from './statistics.ts';

export const pageBytes = 8192;
const megabytes = 192;
/** For the slower codecs, and those that are packed here. @unit bytes */
const codecBytes = 64 * 1024 * 1024;

/** Heap pages as pgbench and text tables make them: line pointers, tuple headers, counters, hex, words, free space. */
export function heapPages(count: number): Buffer {
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
  for (const piece of pieces) for await (const _slice of decoder.push(piece));
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

export async function benchDecode({ rounds }: { rounds: number }): Promise<void> {
  await buildModules();
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
  await benchCodecs(pages.subarray(0, codecBytes), rounds);

  // The decoder has just written what is summed up: few enough slices to be still in the cache.
  const slices = Array.from({ length: 4 }, (_, i) => pages.subarray(i * 1024 * 1024, (i + 1) * 1024 * 1024));
  const sliceBytes = slices.reduce((sum, { length }) => sum + length, 0);
  const repeats = Math.ceil(pages.length / sliceBytes);
  const crc32c = await openFileHash('CRC32C');
  const sums: { name: string; run: () => void; seconds: number[] }[] = [
    {
      name: 'crc32',
      run: () => {
        for (const slice of slices) crc32(slice);
      },
      seconds: [],
    },
    {
      name: 'CRC-32C',
      run: () => {
        for (const slice of slices) crc32c.update(slice);
      },
      seconds: [],
    },
  ];
  /** They only compute, so the time of this thread tells their cost whatever else the machine does. */
  const cpuSeconds = () => process.threadCpuUsage().user / 1e6;
  for (let round = 0; round < rounds; round++) {
    for (const { run, seconds } of sums) {
      const start = cpuSeconds();
      for (let n = 0; n < repeats; n++) run();
      seconds.push(((cpuSeconds() - start) * pages.length) / (repeats * sliceBytes));
    }
  }
  const reference = median(sums[0]?.seconds ?? []);
  for (const { name, seconds } of sums) {
    console.log(
      `${name.padEnd(9)}  ${speed(seconds)}  ${(reference / median(seconds)).toFixed(2)} of node:zlib's crc32`,
    );
  }
}
