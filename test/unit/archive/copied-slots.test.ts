import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CopiedSlots } from '../../../src/archive/decode/copied-slots.ts';
import type { Decoder } from '../../../src/archive/decoder.ts';
import type { DecoderState } from '../../../src/archive/open-decoder.ts';
import { copiesOf, mixedData } from './gzip-samples.ts';

/** Hands out blocks of its input later than it gets them, as a decoder with threads does; can be saved behind any. */
class LateBlocks implements Decoder<DecoderState> {
  readonly #blockBytes: number;
  #waiting: Buffer;
  compressedBytes = 0;

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
    this.#waiting = Buffer.alloc(0);
  }

  get outputBytes(): number {
    return this.compressedBytes;
  }

  async *push(input: Uint8Array): AsyncGenerator<Uint8Array> {
    this.#waiting = Buffer.concat([this.#waiting, input]);
    yield* this.#blocks(2 * this.#blockBytes);
  }

  rest(): AsyncGenerator<Uint8Array> {
    return this.#blocks(1);
  }

  finish(): void {}

  snapshot(): DecoderState {
    return { codec: 'none', compressedBytes: this.compressedBytes, outputBytes: this.compressedBytes };
  }

  release(): void {}

  async *#blocks(keptBytes: number): AsyncGenerator<Uint8Array> {
    while (this.#waiting.length >= keptBytes) {
      await setImmediate();
      const block = this.#waiting.subarray(0, this.#blockBytes);
      this.#waiting = this.#waiting.subarray(block.length);
      this.compressedBytes += block.length;
      yield block;
    }
  }
}

it.each([
  ['that fill a slot exactly', 4096],
  ['that do not', 5000],
  ['as long as a slot', 65_536],
  ['longer than slots', 200_000],
])('slots hold the slices of a decoder %s, and states are those between slices', async (_, blockBytes) => {
  const data = mixedData(1, 1_000_000);
  const slots = new CopiedSlots(new LateBlocks(blockBytes), { slots: 3, slotBytes: 65_536 });
  const output: Buffer[] = [];
  const states: DecoderState[] = [];
  const take = async (filled: ReturnType<typeof slots.push>) => {
    for await (const slot of filled) {
      output.push(Buffer.from(slot));
      const state = slots.snapshot();
      if (state === null) continue;
      expect(state.outputBytes).toBe(slots.outputBytes);
      states.push(state);
    }
    expect(slots.outputBytes).toBe(output.reduce((sum, { length }) => sum + length, 0));
  };
  for (let at = 0; at < data.length; at += 30_001) await take(slots.push(data.subarray(at, at + 30_001)));
  await take(slots.rest());
  slots.finish();
  expect(Buffer.concat(output).equals(data)).toBe(true);
  expect(states.length).toBe(
    Math.ceil(
      data.length / (blockBytes < 65_536 ? Math.floor(65_536 / blockBytes) * blockBytes : blockBytes),
    ),
  );
  expect(slots.memory.buffer.byteLength).toBeLessThan(10 * 65_536);
});

it('a slot stays as it is while the others are filled', async () => {
  const data = mixedData(2, 400_000);
  const slots = new CopiedSlots(new LateBlocks(10_000), { slots: 4, slotBytes: 40_000 });
  const held: { slot: Uint8Array; copy: Buffer }[] = [];
  for await (const slot of slots.push(data)) {
    held.push({ slot, copy: Buffer.from(slot) });
    if (held.length > 4) held.shift();
    expect(held[0]!.copy.equals(held[0]!.slot)).toBe(true);
  }
  expect(await copiesOf(slots.rest())).toHaveLength(1);
});
