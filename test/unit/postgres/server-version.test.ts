import { describe, expect, it } from 'vitest';
import {
  formatVersionNumber,
  isSupportedMajor,
  majorOfCatalogVersion,
  majorOfTablespaceFolder,
  majorOfVersionNumber,
  majorOfWalMagic,
  officialImage,
  parsePgVersion,
} from '../../../src/postgres/server-version.ts';
import { parseLongPageHeader } from '../../../src/postgres/wal-page.ts';
import { walPage } from '../../support/wal-page.ts';

describe('a PostgreSQL version', () => {
  it('has its major in every place that names one', () => {
    expect(majorOfVersionNumber(150018)).toBe(15);
    expect(majorOfVersionNumber(90624)).toBe(9);
    expect(majorOfVersionNumber(17)).toBeNull();
    expect(formatVersionNumber(170011)).toBe('17.11');
    expect(formatVersionNumber(90624)).toBe('9.6.24');
    expect(parsePgVersion('17\n')).toBe(17);
    expect(parsePgVersion('<html>')).toBeNull();
    expect(majorOfTablespaceFolder('PG_18_202506291')).toBe(18);
    expect(majorOfCatalogVersion(202209061)).toBe(15);
    expect(majorOfWalMagic(0xd116)).toBe(17);
    expect(majorOfWalMagic(0xd1ff)).toBeNull();
    expect(officialImage(18)).toBe('postgres:18');
    expect([12, 13, 18, 19].filter(isSupportedMajor)).toEqual([13, 18]);
  });
});

describe('the first page of a WAL segment', () => {
  it('says whose WAL it is and where it belongs', () => {
    const page = walPage({
      timeline: 2,
      pageLsn: 0xc000000n,
      systemIdentifier: '7711482807481257680',
      major: 17,
    });
    expect(parseLongPageHeader(page)).toEqual({
      magic: 0xd116,
      serverMajor: 17,
      timeline: 2,
      pageLsn: '0/C000000',
      systemIdentifier: '7711482807481257680',
      segmentBytes: 16 * 2 ** 20,
      blockBytes: 8192,
    });
  });

  it('is not read from anything else', () => {
    expect(parseLongPageHeader(new Uint8Array(40))).toBeNull();
    expect(parseLongPageHeader(walPage({}).subarray(0, 39))).toBeNull();
    expect(parseLongPageHeader(new TextEncoder().encode('x'.repeat(100)))).toBeNull();
  });
});
