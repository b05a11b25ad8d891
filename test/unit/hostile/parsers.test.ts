import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseControlFile } from '../../../src/postgres/control-file.ts';
import { crc32c } from '../../../src/postgres/crc32c.ts';
import { changed, changedBytes, inputs, isRead, parsesOrRefuses } from './hostile-inputs.ts';
import { fixtureFiles, textParsers } from './hostile-parsers.ts';

describe.each(Object.entries(textParsers))('%s', (_, [parse, samples, words]) => {
  const outcomes = (input: fc.Arbitrary<string>) => parsesOrRefuses(input, parse, ['FORMAT_UNKNOWN']);

  it('is read as it should be', () => {
    for (const sample of samples) expect(() => parse(sample)).not.toThrow();
  });

  it(`is read or refused in ${inputs} changed forms`, () => {
    const { read, refused } = outcomes(changed(samples, words));
    // Changes that only ever broke the file, or never did, would show nothing.
    expect(Math.min(read, refused)).toBeGreaterThan(inputs / 100);
  });

  it(`is refused or read as ${inputs} texts of random bytes`, () => {
    outcomes(fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('utf8')));
  });

  it('ends on long lines of one character, for which a careless pattern takes hours', () => {
    for (const sample of samples) {
      for (const character of [' ', '\t', '\\', '[', '{', '(', '"', "'", '0', ',', '1,', '}', '\n', 'a']) {
        const run = character.repeat(60_000);
        for (const at of [0, sample.indexOf(':') + 1, sample.indexOf('=') + 1, sample.indexOf('\t') + 1]) {
          const text = `${sample.slice(0, at)}${run}\u2028x\r${sample.slice(at)}`;
          isRead(text, parse, ['FORMAT_UNKNOWN']);
        }
      }
    }
  });
});

describe('pg_control', () => {
  const samples = fixtureFiles('pg-control', '.bin');
  const refusal = ['FORMAT_UNKNOWN'] as const;

  it(`is read or refused in ${inputs} changed forms`, () => {
    const { refused } = parsesOrRefuses(changedBytes(samples), parseControlFile, refusal);
    expect(refused).toBeGreaterThan(inputs / 2);
  });

  it(`is read or refused in ${inputs} changed forms whose checksum is right`, () => {
    const signedAgain = changedBytes(samples, 288).map((bytes) => {
      if (bytes.length < 296) return bytes;
      const version = bytes.readUInt32LE(8);
      const at = version === 1800 ? 292 : 288;
      bytes.writeUInt32LE(crc32c(bytes.subarray(0, at)), at);
      return bytes;
    });
    const { read, refused } = parsesOrRefuses(signedAgain, parseControlFile, refusal);
    expect(Math.min(read, refused)).toBeGreaterThan(inputs / 100);
  });

  it('whose last checkpoint is beyond all calendars is refused', () => {
    for (const seconds of [2n ** 62n, -(2n ** 63n), 8_640_000_000_001n]) {
      const bytes = Buffer.from(samples[0]!);
      bytes.writeBigInt64LE(seconds, 104);
      bytes.writeUInt32LE(crc32c(bytes.subarray(0, 288)), 288);
      expect(() => parseControlFile(bytes)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
    }
  });

  it(`is refused as ${inputs} random files`, () => {
    parsesOrRefuses(fc.uint8Array({ maxLength: 600 }), parseControlFile, refusal);
  });
});
