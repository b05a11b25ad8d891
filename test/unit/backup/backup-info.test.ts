import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBackupInfo, parseBarmanTime } from '../../../src/backup/barman-cloud/backup-info.ts';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { backupInfoText } from '../../support/backup-store.ts';

const real = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../fixtures/backup-info', `${name}.info`), 'utf8');

describe('a backup.info that barman wrote', () => {
  it('of version 3.20, with a name, on timeline 2', () => {
    expect(parseBackupInfo(real('done-barman-3.20'))).toMatchObject({
      status: 'DONE',
      name: 'nightly',
      versionNumber: 180006,
      timeline: 2,
      beginLsn: '0/D000028',
      endLsn: '0/D000120',
      beginSegment: '00000002000000000000000D',
      beginTime: '2026-11-23T21:32:57.153Z',
      endTime: '2026-11-23T21:32:57.929Z',
      segmentBytes: 16777216,
      clusterBytes: 61529185,
      systemIdentifier: '7711482971407541716',
      tablespaces: [{ oid: '16384', name: 'ts1', location: '/mnt/out/pg18/ts one' }],
      backupLabel: expect.stringMatching(/^START WAL LOCATION: 0\/D000028 .*\n/),
      isSnapshot: false,
      parentBackupId: null,
    });
  });

  it('of version 3.13 has no name', () => {
    expect(parseBackupInfo(real('done-barman-3.13'))).toMatchObject({
      status: 'DONE',
      name: null,
      versionNumber: 170012,
    });
  });

  it('of version 3.4 that failed, with and without an end', () => {
    expect(parseBackupInfo(real('failed-barman-3.4'))).toMatchObject({
      status: 'FAILED',
      endLsn: null,
      endTime: null,
      backupLabel: null,
      error: 'failure uploading data ([Errno 13] Permission denied)',
    });
    expect(parseBackupInfo(real('failed-with-end-barman-3.4'))).toMatchObject({
      status: 'FAILED',
      endLsn: '0/8000100',
    });
  });
});

describe('a backup.info', () => {
  it('may have keys that nobody knows yet, and values with an equals sign', () => {
    const info = parseBackupInfo(
      `${backupInfoText({ backup_name: 'a=b' })}some_new_key={'x': 1}\n\n# comment\n`,
    );
    expect(info.name).toBe('a=b');
  });

  it('of an old version lacks what came later', () => {
    expect(parseBackupInfo('status=DONE\nversion=120006\n')).toMatchObject({
      systemIdentifier: null,
      segmentBytes: null,
      clusterBytes: null,
      tablespaces: [],
      isSnapshot: false,
    });
  });

  it('gives snapshots and incremental backups away', () => {
    expect(parseBackupInfo(backupInfoText({ snapshots_info: "{'provider': 'gcp'}" })).isSnapshot).toBe(true);
    expect(parseBackupInfo(backupInfoText({ parent_backup_id: '20260101T000000' })).parentBackupId).toBe(
      '20260101T000000',
    );
  });

  it.each([
    ['', 'no status'],
    ['<html>', 'not a key and a value'],
    [backupInfoText({ tablespaces: "[('x',)]" }), 'tablespaces'],
    [backupInfoText({ begin_xlog: 'here' }), 'begin_xlog'],
    [backupInfoText({ timeline: 'one' }), 'timeline'],
    [backupInfoText({ xlog_segment_size: '17' }), 'xlog_segment_size'],
  ])('is refused with its reason when it is %j', (text, reason) => {
    expect(() => parseBackupInfo(text)).toThrow(
      expect.objectContaining({ code: 'FORMAT_UNKNOWN', message: expect.stringContaining(reason) }),
    );
  });

  it('never fails with a foreign error', () => {
    const text = real('done-barman-3.20');
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(text.length), fc.string(), (from, to, inserted) => {
        try {
          parseBackupInfo(text.slice(0, from) + inserted + text.slice(to));
        } catch (error) {
          expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
        }
      }),
    );
  });
});

describe('a time in backup.info', () => {
  it('is an instant, whatever its offset', () => {
    const begin = parseBarmanTime('2021-03-28 01:15:02.044190+01:00');
    const end = parseBarmanTime('2021-03-28 03:16:40+02:00');
    expect([begin, end]).toEqual(['2021-03-28T00:15:02.044Z', '2021-03-28T01:16:40.000Z']);
  });

  it('without an offset is none', () => {
    expect(parseBarmanTime('2021-03-28 01:15:02')).toBeNull();
    expect(parseBarmanTime('Wed Jul 23 12:00:33 2014')).toBeNull();
  });
});
