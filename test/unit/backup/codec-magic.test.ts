import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { showFirstBytes, sniffCodec } from '../../../src/backup/codec-magic.ts';
import { tarBytes } from '../../support/tar-bytes.ts';
import { walPage } from '../../support/wal-page.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('the codec of an object, by its first bytes', () => {
  it('is none for a tar, an empty tar and a WAL segment', async () => {
    expect(sniffCodec(await tarBytes([['x', 'y']]))).toBe('none');
    expect(sniffCodec(await tarBytes([['x', 'y']], { pax: true }))).toBe('none');
    expect(sniffCodec(new Uint8Array(1024))).toBe('none');
    expect(sniffCodec(walPage({ major: 15 }))).toBe('none');
  });

  it.each([
    ['gzip', gzipSync('x')],
    ['zstd', zstdCompressSync('x')],
    ['zstd', hex('52 2a 4d 18 00 00 00 00')],
    ['bzip2', new TextEncoder().encode('BZh91AY&SY')],
    ['lz4', hex('04 22 4d 18 60 40 82')],
    ['lz4', hex('52 2a 4d 18 02 00 00 00 aa bb 50 2a 4d 18 00 00 00 00 04 22 4d 18 60 40 82')],
    ['zstd', hex('52 2a 4d 18 02 00 00 00 aa bb 28 b5 2f fd')],
    ['xz', hex('fd 37 7a 58 5a 00 00 04')],
    ['snappy', hex('ff 06 00 00 73 4e 61 50 70 59 00')],
    ['unknown', new TextEncoder().encode('{"error":"service unavailable"}')],
    ['unknown', new TextEncoder().encode('BZhello')],
    ['unknown', deflateRawSync('x')],
    ['unknown', new Uint8Array()],
  ] as const)('is %s', (codec, bytes) => {
    expect(sniffCodec(bytes)).toBe(codec);
  });

  it('is found in anything without failing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => typeof sniffCodec(bytes) === 'string'),
    );
  });

  it('is shown as text when nobody knows it', () => {
    expect(showFirstBytes(new TextEncoder().encode('<html>\n\x01'))).toBe('"<html>.."');
    expect(showFirstBytes(new Uint8Array())).toContain('empty');
  });
});
