import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBackupInfo, parseBarmanTime } from '../../../src/backup/barman-cloud/backup-info.ts';
import { judge } from '../../../src/backup/barman-cloud/catalogue.ts';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { backupInfoText } from '../../support/backup-store.ts';

const real = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../fixtures/backup-info', `${name}.info`), 'utf8');

const parseableKeys = (text: string): string[] =>
  text.split('\n').flatMap((line) => (line.includes('=') ? [line.slice(0, line.indexOf('='))] : []));

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

describe('a backup.info of every version and status', () => {
  const tablespaces = [
    { oid: '16400', name: "ts'q", location: '/a b/c' },
    { oid: '16401', name: 'été"x', location: '/x\'y"z' },
  ];

  it.each(['3.4', '3.13', '3.20'])('that barman %s writes is understood', (version) => {
    const judged = (name: string) => judge(parseBackupInfo(real(`${name}-barman-${version}`)), 1);
    expect(judged('done')).toEqual({ status: 'complete', problem: null });
    expect(judged('waiting-for-wals')).toEqual({ status: 'complete', problem: null });
    expect(judged('empty')).toMatchObject({
      status: 'incomplete',
      problem: expect.stringContaining('EMPTY'),
    });
    expect(judged('started')).toMatchObject({
      status: 'incomplete',
      problem: expect.stringContaining('STARTED'),
    });
    expect(judged('syncing')).toMatchObject({
      status: 'incomplete',
      problem: expect.stringContaining('SYNCING'),
    });
    expect(judged('snapshot')).toMatchObject({
      status: 'snapshot',
      problem: expect.stringContaining('disk snapshots'),
    });
    for (const name of ['started', 'waiting-for-wals', 'snapshot'])
      expect(parseBackupInfo(real(`${name}-barman-${version}`)).tablespaces).toEqual(tablespaces);
    const label = parseBackupInfo(real(`waiting-for-wals-barman-${version}`)).backupLabel;
    expect(label).toContain(`LABEL: it's "a" copy\n`);
  });

  it('of barman 3.17, as CloudNativePG runs it', () => {
    expect(parseBackupInfo(real('done-cloudnative-pg-barman-3.17'))).toMatchObject({
      status: 'DONE',
      name: 'backup-20260514020000',
      beginSegment: '00000003000000020000005A',
      clusterBytes: 18874368123,
      tablespaces: [{ oid: '24601', name: 'archive' }],
    });
  });

  it('of barman 2.12, with segments of 64 MiB and clocks that changed in between', () => {
    expect(parseBackupInfo(real('done-barman-2.12'))).toMatchObject({
      status: 'DONE',
      segmentBytes: 67108864,
      beginTime: '2021-03-28T00:15:02.044Z',
      endTime: '2021-03-28T01:16:40.000Z',
      clusterBytes: null,
      backupLabel: expect.stringContaining("20210328T011502's copy"),
    });
  });

  it('of barman 2.3 under Python 2, with times that are no instants', () => {
    expect(parseBackupInfo(real('done-barman-2.3-python2'))).toMatchObject({
      status: 'DONE',
      versionNumber: 90624,
      systemIdentifier: null,
      beginTime: null,
      endTime: null,
      tablespaces: [{ oid: '16387', name: 'archive', location: '/srv/archive' }],
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

  const refusal = (text: string) => {
    try {
      judge(parseBackupInfo(text), 1);
    } catch (error) {
      expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
    }
  };

  it('never fails with a foreign error, however it is damaged', () => {
    const text = real('done-barman-3.20');
    const [from, to] = [fc.nat(text.length), fc.nat(text.length)];
    fc.assert(
      fc.property(from, to, fc.string({ unit: 'binary' }), (start, end, inserted) =>
        refusal(text.slice(0, start) + inserted + text.slice(end)),
      ),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => refusal(new TextDecoder().decode(bytes))),
    );
  });

  it('never fails with a foreign error, whatever its values are', () => {
    const keys = parseableKeys(real('snapshot-barman-3.20'));
    const literal = fc.string({
      unit: fc.constantFrom(
        ...`[](){}'",:\\ uxULN0123456789.-+eE`,
        'None',
        'True',
        'inf',
        'nan',
        '__proto__',
      ),
      maxLength: 40,
    });
    const value = fc.oneof(literal, fc.string(), fc.integer().map(String), fc.bigInt().map(String));
    fc.assert(
      fc.property(fc.constantFrom(...keys), value, (key, text) =>
        refusal(backupInfoText({ [key]: text.replaceAll('\n', ' ') })),
      ),
      { numRuns: 2000 },
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
