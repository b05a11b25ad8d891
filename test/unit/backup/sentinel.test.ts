import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSentinel } from '../../../src/backup/wal-g/sentinel.ts';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { sentinelText, tablespaceSpec } from '../../support/walg-backup.ts';

describe('a sentinel', () => {
  it('keeps every digit of the numbers JSON.parse would round', () => {
    const text = sentinelText({ SystemIdentifier: '18446744073709551615', LSN: 0 }).replace(
      '"LSN":0',
      '"LSN":18446744073709551614',
    );
    expect(parseSentinel(text)).toMatchObject({
      systemIdentifier: '18446744073709551615',
      beginLsn: 'FFFFFFFF/FFFFFFFE',
    });
  });

  it('of an old version has no times, no identifier and its tablespaces under another name', () => {
    const text = JSON.stringify({
      LSN: 0x4000028,
      FinishLSN: 0x5000120,
      PgVersion: 130009,
      spec: tablespaceSpec,
      Files: { '/PG_VERSION': { IsIncremented: false } },
      TarFileSets: { '': [], 'part_001.tar.lz4': ['/PG_VERSION'] },
    });
    expect(parseSentinel(text)).toEqual({
      version: 1,
      beginLsn: '0/4000028',
      endLsn: '0/5000120',
      versionNumber: 130009,
      systemIdentifier: null,
      startedAt: null,
      finishedAt: null,
      dataBytes: null,
      tablespaces: [{ oid: '16400', name: null, location: '/mnt/fast/ts1' }],
      deltaFrom: null,
      deltaFullName: null,
      userData: null,
      isPermanent: false,
      tars: ['part_001.tar.lz4'],
      hasNoFilesMetadata: false,
    });
  });

  it('may carry anything as the operator’s data', () => {
    expect(parseSentinel(sentinelText({ UserData: { a: [1] } })).userData).toBeNull();
    expect(parseSentinel(sentinelText({ UserData: 'nightly' })).userData).toBe('nightly');
  });

  it.each([
    ['', 'not valid JSON'],
    ['[]', 'not an object'],
    ['{}', 'where in the WAL'],
    [sentinelText({ LSN: 'x' }), 'LSN'],
    [sentinelText({ FinishLSN: -1 }), 'FinishLSN'],
    [sentinelText({ SystemIdentifier: '18446744073709551616' }), 'SystemIdentifier'],
    [sentinelText({ Spec: { tablespaces: ['16400'] } }), 'Spec'],
    [sentinelText({ Spec: { tablespaces: 'x' } }), 'Spec'],
    ['{"wal_segment_backup_stop":"000000010000000000000004"}', 'WAL-E'],
  ])('is refused with its reason when it is %j', (text, reason) => {
    expect(() => parseSentinel(text)).toThrow(
      expect.objectContaining({ code: 'FORMAT_UNKNOWN', message: expect.stringContaining(reason) }),
    );
  });

  it('never fails with a foreign error', () => {
    const text = sentinelText({ Spec: tablespaceSpec });
    const refusal = (broken: string) => {
      try {
        parseSentinel(broken);
      } catch (error) {
        expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
      }
    };
    const [from, to] = [fc.nat(text.length), fc.nat(text.length)];
    fc.assert(
      fc.property(from, to, fc.string(), (start, end, inserted) =>
        refusal(text.slice(0, start) + inserted + text.slice(end)),
      ),
    );
    const keys = fc.constantFrom('LSN', 'FinishLSN', 'PgVersion', 'Spec', 'StartTime', 'Version', 'DeltaLSN');
    fc.assert(fc.property(keys, fc.jsonValue(), (key, value) => refusal(sentinelText({ [key]: value }))));
  });
});
