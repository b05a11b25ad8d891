import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDecoder, encodeDecoder } from '../../src/archive/encoded-decoder.ts';
import { type DecoderState, openDecoder } from '../../src/archive/open-decoder.ts';
import type { Codec } from '../../src/backup/base-backup.ts';
import { errorCode } from '../../src/errors/odo-error.ts';
import { mixedData, numbersFrom, piecesOf } from '../unit/archive/gzip-samples.ts';

/** What a codec's tests bring. */
export interface CodecSamples {
  /** One of the ways in which `data` can be written, all of them over the seeds. */
  readonly pack: (seed: number, data: Uint8Array) => Buffer;
  /** A way that notices every wrong byte of the output. */
  readonly packChecked: (data: Uint8Array) => Buffer;
  /** Streams are complete wherever a chunk ends. @default false: only at their end */
  readonly hasNoEnd?: boolean;
}

interface Taken {
  /** As JSON, the way a checkpoint keeps it. */
  readonly state: string;
  /** Output before it. */
  readonly before: number;
}

const whole = () => 65_536;

async function decode(
  codec: Codec,
  packed: Uint8Array,
  { size = whole, from, wanted }: { size?: () => number; from?: string; wanted?: () => boolean } = {},
): Promise<{ output: Buffer; taken: Taken[] }> {
  const state: DecoderState | undefined = from === undefined ? undefined : decodeDecoder(JSON.parse(from));
  const decoder = await openDecoder(codec, state);
  const output: Buffer[] = [];
  const taken: Taken[] = [];
  let before = decoder.outputBytes;
  const take = () => {
    expect(decoder.outputBytes).toBe(before);
    if (!wanted?.()) return;
    const found = decoder.snapshot();
    expect(found.outputBytes).toBeLessThanOrEqual(before);
    taken.push({ state: JSON.stringify(encodeDecoder(found)), before });
  };
  try {
    for (const piece of piecesOf(packed.subarray(state?.compressedBytes ?? 0), size)) {
      for await (const slice of decoder.push(piece)) {
        output.push(Buffer.from(slice));
        before += slice.length;
        take();
      }
      take();
    }
    for await (const slice of decoder.rest()) {
      output.push(Buffer.from(slice));
      before += slice.length;
      take();
    }
    decoder.finish();
  } finally {
    decoder.release();
  }
  return { output: Buffer.concat(output), taken };
}

/** What a decoder makes of bytes that may be damaged. */
async function verdict(
  codec: Codec,
  packed: Uint8Array,
  size = whole,
): Promise<Buffer | { code: unknown; offset: unknown }> {
  try {
    return (await decode(codec, packed, { size })).output;
  } catch (error) {
    const { compressedOffset } = (error as { details?: { compressedOffset?: unknown } }).details ?? {};
    return { code: errorCode(error) ?? error, offset: compressedOffset };
  }
}

/** Every decoder must pass this; bytes made by the real tools are read in test/integration/archive. */
export function describeDecoder(codec: Codec, samples: CodecSamples): void {
  const { pack, packChecked, hasNoEnd = false } = samples;

  /** The rest behind a state, whose decoder may stand a little before the place where it was taken. */
  async function expectRest(packed: Buffer, data: Buffer, taken: Taken, size = whole): Promise<void> {
    const { outputBytes } = JSON.parse(taken.state) as DecoderState;
    const { output } = await decode(codec, packed, { from: taken.state, size });
    expect(output.equals(data.subarray(outputBytes)), taken.state.slice(0, 200)).toBe(true);
  }

  async function expectCorrupt(packed: Uint8Array, size = whole): Promise<void> {
    expect(await verdict(codec, packed, size)).toEqual({
      code: 'ARCHIVE_CORRUPT',
      offset: expect.toSatisfy((offset: number) => offset >= 0 && offset <= packed.length),
    });
  }

  describe(`the ${codec} decoder`, () => {
    it('gives the bytes that were packed, whatever pieces they come in', async () => {
      for (let seed = 1; seed <= 30; seed++) {
        const below = numbersFrom(seed);
        const data = mixedData(seed, below(4) === 0 ? below(50) : below(150_000));
        const most = [1, 7, 300, 5000, 70_000, 1_000_000][below(6)]!;
        const size = most === 1 ? () => 1 : () => 1 + below(most);
        const { output } = await decode(codec, pack(seed, data), { size });
        expect(output.equals(data), `seed ${seed}`).toBe(true);
      }
    });

    it('gives output many times larger than its buffers', async () => {
      const data = Buffer.concat([mixedData(99, 5_000_000), Buffer.alloc(9_000_000)]);
      for (const packed of [pack(1, data), pack(2, data), packChecked(data)])
        expect((await decode(codec, packed)).output.equals(data)).toBe(true);
    });

    it('reads several streams as one, empty ones too', async () => {
      const parts = [0, 1, 2, 3, 4].map((seed) => mixedData(seed, seed % 3 === 0 ? 0 : 40_000));
      const packed = Buffer.concat(parts.map((part, i) => pack(i + 1, part)));
      for (const size of [1, 11, 100_000])
        expect((await decode(codec, packed, { size: () => size })).output.equals(Buffer.concat(parts))).toBe(
          true,
        );
    });

    it('goes on from a saved state as if nothing had been', async () => {
      let resumed = 0;
      for (let seed = 1; seed <= 25; seed++) {
        const below = numbersFrom(seed * 7919);
        const parts = Array.from({ length: 1 + below(3) }, (_, i) =>
          mixedData(seed * 10 + i, below(200_000)),
        );
        const data = Buffer.concat(parts);
        const packed = Buffer.concat(parts.map((part, i) => pack(seed + i, part)));
        const most = [50, 2000, 60_000][below(3)]!;
        const share = Math.max(1, Math.floor(packed.length / most / 4));
        let left = 8;
        const wanted = () => left > 0 && below(share) === 0 && left-- > 0;
        const { taken } = await decode(codec, packed, { size: () => 1 + below(most), wanted });
        for (const one of taken) {
          await expectRest(packed, data, one, () => 1 + below(9000));
          resumed++;
        }
      }
      expect(resumed).toBeGreaterThan(50);
    });

    it('can be saved behind every single byte', async () => {
      const parts = [mixedData(77, 3000), Buffer.alloc(500), mixedData(78, 2000)];
      const data = Buffer.concat(parts);
      const packed = Buffer.concat([...parts.map((part, i) => pack(i, part)), packChecked(Buffer.alloc(0))]);
      const { taken } = await decode(codec, packed, { size: () => 1, wanted: () => true });
      expect(taken.length).toBeGreaterThanOrEqual(packed.length);
      for (const one of taken) await expectRest(packed, data, one);
    });

    it('still notices damage behind a state that was taken up', async () => {
      const data = mixedData(4, 500_000);
      const packed = packChecked(data);
      const { taken } = await decode(codec, packed, { size: () => 10_000, wanted: () => true });
      const middle = taken[Math.floor(taken.length / 2)]!;
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: JSON.parse(middle.state).compressedBytes, max: packed.length - 1 }),
          fc.integer({ min: 0, max: 7 }),
          async (at, bit) => {
            const damaged = Buffer.from(packed);
            damaged[at]! ^= 1 << bit;
            const found = await decode(codec, damaged, { from: middle.state }).catch(errorCode);
            // A byte that says nothing about the data (a time, a name) may differ.
            if (typeof found === 'object')
              expect(found.output.equals(data.subarray(data.length - found.output.length))).toBe(true);
            else expect(found).toBe('ARCHIVE_CORRUPT');
          },
        ),
        { numRuns: 40 },
      );
    });

    it('is small as JSON beside its window', async () => {
      const { taken } = await decode(codec, packChecked(mixedData(13, 1_000_000)), {
        size: () => 50_000,
        wanted: () => true,
      });
      for (const { state } of taken) {
        const { window = '', ...rest } = JSON.parse(state) as { window?: string };
        expect(window.length).toBeLessThan(100_000);
        expect(JSON.stringify(rest).length).toBeLessThan(1500);
      }
    });

    it('says where data ends too early, wherever it is cut', async () => {
      const data = mixedData(21, 900);
      const packed = Buffer.concat([packChecked(data), pack(1, data), pack(2, data)]);
      let complete = 0;
      for (let length = 0; length < packed.length; length++) {
        const found = await verdict(codec, packed.subarray(0, length), () => 4096);
        if (Buffer.isBuffer(found)) complete++;
        else
          expect(found).toEqual({
            code: 'ARCHIVE_CORRUPT',
            offset: expect.toSatisfy((offset: number) => offset <= length),
          });
      }
      // Between streams the data is complete by itself.
      if (hasNoEnd) expect(complete).toBeGreaterThanOrEqual(2);
      else expect(complete).toBe(2);
      await expectCorrupt(Buffer.alloc(0));
    });

    it('refuses every wrong bit, or it changes nothing', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 1000 }),
          fc.integer({ min: 1, max: 5000 }),
          fc.nat(),
          fc.integer({ min: 0, max: 7 }),
          fc.integer({ min: 1, max: 3000 }),
          async (seed, length, place, bit, piece) => {
            const data = mixedData(seed, length);
            const packed = packChecked(data);
            packed[place % packed.length]! ^= 1 << bit;
            const found = await verdict(codec, packed, () => piece);
            if (Buffer.isBuffer(found)) expect(found.equals(data)).toBe(true);
            else
              expect(found).toEqual({
                code: 'ARCHIVE_CORRUPT',
                offset: expect.toSatisfy((offset: number) => offset <= packed.length),
              });
          },
        ),
        { numRuns: 300 },
      );
    });

    it('never hangs or breaks on noise, at once or behind what begins well', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 1000 }),
          fc.nat(),
          fc.uint8Array({ minLength: 1, maxLength: 400 }),
          async (seed, kept, noise) => {
            const packed = pack(seed, mixedData(seed, 1500));
            const found = await verdict(
              codec,
              Buffer.concat([packed.subarray(0, kept % packed.length), noise]),
            );
            // Noise may also ask for more memory than there is.
            if (!Buffer.isBuffer(found))
              expect(found.code).toMatch(/^(ARCHIVE_CORRUPT|PRECONDITION_FAILED)$/);
          },
        ),
        { numRuns: 300 },
      );
    });

    it('says where something else follows', async () => {
      const packed = packChecked(mixedData(1, 50_000));
      for (const behind of ['<html>not found</html>', 'x']) {
        const found = await verdict(codec, Buffer.concat([packed, Buffer.from(behind)]), () => 777);
        expect(found).toEqual({
          code: 'ARCHIVE_CORRUPT',
          offset: expect.toSatisfy(
            (offset: number) => offset >= packed.length && offset <= packed.length + behind.length,
          ),
        });
      }
    });

    it('keeps a slice as it is while the next two are produced', async () => {
      const data = Buffer.concat([Buffer.alloc(3_000_000), mixedData(5, 3_000_000)]);
      const decoder = await openDecoder(codec);
      const held: { slice: Uint8Array; copy: Buffer }[] = [];
      let bytes = 0;
      for (const piece of piecesOf(Buffer.concat([pack(6, data), packChecked(data)]), () => 200_000)) {
        for await (const slice of decoder.push(piece)) {
          held.push({ slice, copy: Buffer.from(slice) });
          bytes += slice.length;
          if (held.length > 3) held.shift();
          for (const one of held) expect(one.copy.equals(one.slice)).toBe(true);
        }
      }
      for await (const slice of decoder.rest()) bytes += slice.length;
      decoder.finish();
      decoder.release();
      expect(bytes).toBe(2 * data.length);
    });

    it('decodes many objects, one after the other and at the same time', async () => {
      const data = mixedData(8, 20_000);
      const packed = pack(3, data);
      for (let i = 0; i < 20; i++) {
        const all = await Promise.all(
          Array.from({ length: 8 }, () => decode(codec, packed, { size: () => 1000 })),
        );
        for (const { output } of all) expect(output.equals(data)).toBe(true);
      }
    });
  });
}
