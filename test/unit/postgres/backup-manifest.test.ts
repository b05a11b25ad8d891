import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { manifestIsIntact, parseBackupManifest } from '../../../src/postgres/backup-manifest.ts';
import { crc32c, formatManifestCrc32c } from '../../../src/postgres/crc32c.ts';
import { manifestText } from '../../support/manifest-text.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const files = [
  { path: 'backup_label', size: 225, checksum: '8A744722' },
  { path: 'pg_tblspc/16384/PG_17_202406281/5/16389', size: 8192, checksum: '0af97a9f' },
  { path: 'odd "name" \\ é', size: 0, checksum: '00000000' },
];

describe('a backup manifest', () => {
  it('lists the files, their sizes and checksums', () => {
    const manifest = parseBackupManifest(manifestText({ files }));
    expect(
      manifest.files.map(({ path, sizeBytes, algorithm, checksum }) => [
        path,
        sizeBytes,
        algorithm,
        checksum,
      ]),
    ).toEqual([
      ['backup_label', 225, 'CRC32C', '8a744722'],
      ['pg_tblspc/16384/PG_17_202406281/5/16389', 8192, 'CRC32C', '0af97a9f'],
      ['odd "name" \\ é', 0, 'CRC32C', '00000000'],
    ]);
    expect(manifest.totalBytes).toBe(8417);
    expect(manifest.walRanges).toEqual([{ timeline: 1, startLsn: '0/4000028', endLsn: '0/4000120' }]);
  });

  it('keeps every digit of a system identifier that a JSON number would round', () => {
    const text = manifestText({ files, systemIdentifier: '7711119019082474104' });
    expect(parseBackupManifest(text).systemIdentifier).toBe('7711119019082474104');
    expect(String(JSON.parse('7711119019082474104'))).not.toBe('7711119019082474104');
  });

  it('of PostgreSQL 13 to 16 has no system identifier', () => {
    expect(parseBackupManifest(manifestText({ files, version: 1 }))).toMatchObject({
      version: 1,
      systemIdentifier: null,
    });
  });

  it('may name a file in hex and leave out checksums', () => {
    const text = manifestText({ files: [] }).replace(
      '"Files": [',
      '"Files": [\n{ "Encoded-Path": "62ff61", "Size": 3, "Last-Modified": "2026-11-23 21:31:46 GMT" }',
    );
    expect(parseBackupManifest(text).files).toEqual([
      { path: 'b\\xFFa', encodedPath: '62ff61', sizeBytes: 3, algorithm: null, checksum: null },
    ]);
  });

  it('made with --manifest-force-encode names the same files', () => {
    const plain = manifestText({ files });
    const encoded = plain.replaceAll(
      /"Path": ("(?:[^"\\]|\\.)*")/g,
      (_, path: string) => `"Encoded-Path": "${Buffer.from(JSON.parse(path) as string).toString('hex')}"`,
    );
    expect(encoded).not.toContain('"Path"');
    const pathsOf = (text: string) => parseBackupManifest(text).files.map(({ path }) => path);
    expect(pathsOf(encoded)).toEqual(pathsOf(plain));
  });

  it.each(['SHA224', 'SHA256', 'SHA384', 'SHA512'])('may hold %s checksums', (algorithm) => {
    const text = manifestText({ files: files.slice(0, 1) }).replace('CRC32C', algorithm);
    expect(parseBackupManifest(text).files).toMatchObject([{ algorithm, checksum: '8a744722' }]);
  });

  it('of a backup that crossed a switch of timelines has a range on each, the newest first', () => {
    const text = manifestText({ files, timeline: 2, startLsn: '0/5000000', endLsn: '0/6000120' });
    const two = text.replace(
      '"0/6000120" }',
      '"0/6000120" },\n{ "Timeline": 1, "Start-LSN": "0/4000028", "End-LSN": "0/5000000" }',
    );
    expect(parseBackupManifest(two).walRanges).toEqual([
      { timeline: 2, startLsn: '0/5000000', endLsn: '0/6000120' },
      { timeline: 1, startLsn: '0/4000028', endLsn: '0/5000000' },
    ]);
  });

  it('is intact only while every byte before its last line is as it was', async () => {
    const text = manifestText({ files });
    const { checksum } = parseBackupManifest(text);
    expect(await manifestIsIntact(bytesOf(text), checksum)).toBe(true);
    expect(await manifestIsIntact(bytesOf(text.replace('225', '226')), checksum)).toBe(false);
    expect(await manifestIsIntact(bytesOf(text.trimEnd()), checksum)).toBe(false);
    expect(await manifestIsIntact(bytesOf(''), checksum)).toBe(false);
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, 300)],
    ['without its last line', (text: string) => text.split('\n').slice(0, -2).join('\n')],
    ['of an unknown version', (text: string) => text.replace('Version": 2', 'Version": 7')],
    ['with a negative size', (text: string) => text.replace('"Size": 225', '"Size": -1')],
    ['with a file listed twice', (text: string) => text.replace('"backup_label"', '"odd \\"name\\" \\\\ é"')],
    ['with an unknown checksum', (text: string) => text.replace('CRC32C', 'MD5')],
  ])('is refused when it is %s', (_, damage) => {
    expect(() => parseBackupManifest(damage(manifestText({ files })))).toThrow(
      expect.objectContaining({ code: 'FORMAT_UNKNOWN' }),
    );
  });

  it('never fails with a foreign error, whatever a line holds', () => {
    const key = fc.constantFrom('Path', 'Encoded-Path', 'Size', 'Checksum-Algorithm', 'Checksum', 'Timeline');
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('CRC32C', 'SHA256', 'zz', '0/4000028'), fc.nat());
    const line = fc.dictionary(key, value).map((record) => JSON.stringify(record));
    fc.assert(
      fc.property(line, fc.constantFrom('"Files": [\n', '"WAL-Ranges": [\n'), (text, section) => {
        try {
          parseBackupManifest(manifestText({ files: [] }).replace(section, `${section}${text}\n`));
        } catch (error) {
          expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
        }
      }),
    );
  });

  it('never fails with a foreign error, whatever is changed in it', () => {
    const text = manifestText({ files });
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(text.length), fc.string(), (from, to, inserted) => {
        try {
          parseBackupManifest(text.slice(0, from) + inserted + text.slice(to));
        } catch (error) {
          expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
        }
      }),
    );
  });
});

describe('CRC-32C', () => {
  it('has the check value of its definition', () => {
    expect(crc32c(bytesOf('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  it('can be computed in pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes));
      }),
    );
  });

  it('is written in a manifest in the server’s byte order', () => {
    expect(formatManifestCrc32c(0x2247748a)).toBe('8a744722');
  });
});
