import fc from 'fast-check';
import { expect } from 'vitest';
import type { ErrorCode } from '../../../src/errors/codes.ts';
import { errorCode } from '../../../src/errors/odo-error.ts';

/** Cases of each property. */
export const inputs = 10_000;

interface Edit {
  readonly sample: number;
  readonly cuts: readonly { readonly at: number; readonly length: number; readonly put: string }[];
  readonly end: number;
}

/** A real file with a few places cut out, doubled or overwritten with words of its format or with anything; or its beginning. */
export function changed(samples: readonly string[], words: readonly string[]): fc.Arbitrary<string> {
  const put = fc.oneof(
    fc.constantFrom(...words),
    fc.constantFrom('', '', '0', '-', '\n', '\0', '\u2028', '\ufeff', '\ud800'),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const cut = fc.record({ at: fc.nat(9999), length: fc.oneof(fc.nat(6), fc.nat(200)), put });
  const edit: fc.Arbitrary<Edit> = fc.record({
    sample: fc.nat(samples.length - 1),
    cuts: fc.array(cut, { maxLength: 3 }),
    end: fc.oneof(fc.constant(10_000), fc.nat(10_000)),
  });
  return edit.map(({ sample, cuts, end }) => {
    let text = samples[sample] ?? '';
    for (const { at, length, put: word } of cuts) {
      const place = Math.floor((at / 10_000) * (text.length + 1));
      text = text.slice(0, place) + word + text.slice(place + length);
    }
    return text.slice(0, Math.ceil((end / 10_000) * text.length));
  });
}

/** The same of a binary file, its first `within` bytes. */
export function changedBytes(samples: readonly Buffer[], within = 300): fc.Arbitrary<Buffer> {
  const word = fc.uint8Array({ minLength: 1, maxLength: 8 });
  const odd = fc.constantFrom(
    ...[
      [0xff, 0xff, 0xff, 0xff],
      [0, 0, 0, 0],
      [0, 0, 0, 0x80],
      Array(8).fill(0xff),
      Array(8).fill(0x7f),
    ].map((bytes) => Uint8Array.from(bytes)),
  );
  const edit = fc.record({
    sample: fc.nat(samples.length - 1),
    puts: fc.array(fc.tuple(fc.nat(within - 8), fc.oneof(word, odd)), { maxLength: 4 }),
    end: fc.oneof({ weight: 9, arbitrary: fc.constant(8192) }, { weight: 1, arbitrary: fc.nat(400) }),
  });
  return edit.map(({ sample, puts, end }) => {
    const bytes = Buffer.from(samples[sample] ?? []);
    for (const [at, put] of puts) bytes.set(put, at);
    return bytes.subarray(0, end);
  });
}

/** Fails on any error but a refusal with one of these codes and a sentence for a person. */
export function parsesOrRefuses<Input>(
  input: fc.Arbitrary<Input>,
  parse: (input: Input) => unknown,
  codes: readonly ErrorCode[],
  seed?: number,
): { readonly read: number; readonly refused: number } {
  const outcome = { read: 0, refused: 0 };
  const look = (one: Input) => void outcome[isRead(one, parse, codes) ? 'read' : 'refused']++;
  fc.assert(fc.property(input, look), { numRuns: inputs, ...(seed === undefined ? {} : { seed }) });
  return outcome;
}

/** False: it was refused. */
export function isRead<Input>(
  input: Input,
  parse: (input: Input) => unknown,
  codes: readonly ErrorCode[],
): boolean {
  try {
    parse(input);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || !codes.includes(code)) throw error;
    expect((error as Error).message.length).toBeLessThan(2000);
    return false;
  }
}
