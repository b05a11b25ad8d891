import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { parseBackupLabel, withoutIncrementalLines } from '../../../src/postgres/backup-label.ts';
import { formatTablespaceMap, parseTablespaceMap } from '../../../src/postgres/tablespace-map.ts';

const label = `START WAL LOCATION: 2/5A000028 (file 00000003000000020000005A)
CHECKPOINT LOCATION: 2/5A000080
BACKUP METHOD: streamed
BACKUP FROM: primary
START TIME: 2026-05-14 02:00:07 UTC
LABEL: it's: nightly
START TIMELINE: 3
`;
const refusal = expect.objectContaining({ code: 'FORMAT_UNKNOWN' });

describe('a backup label', () => {
  it('says where recovery begins', () => {
    expect(parseBackupLabel(label)).toEqual({
      startLsn: '2/5A000028',
      startSegment: '00000003000000020000005A',
      checkpointLsn: '2/5A000080',
      method: 'streamed',
      from: 'primary',
      startTime: '2026-05-14 02:00:07 UTC',
      label: "it's: nightly",
      timeline: 3,
      incrementalFromLsn: null,
      incrementalFromTimeline: null,
      stopLsn: null,
      stopSegment: null,
    });
  });

  it('knows the wording of older servers and of standbys', () => {
    expect(parseBackupLabel(label.replace('primary', 'master')).from).toBe('primary');
    expect(parseBackupLabel(label.replace('primary', 'standby')).from).toBe('standby');
    expect(parseBackupLabel(label.replace('START TIMELINE: 3\n', '')).timeline).toBe(3);
  });

  it('gives an incremental backup away, and without those lines it is that of a full one', () => {
    const incremental = `${label}INCREMENTAL FROM LSN: 2/40000F8\nINCREMENTAL FROM TLI: 2\n`;
    expect(parseBackupLabel(incremental)).toMatchObject({
      incrementalFromLsn: '2/40000F8',
      incrementalFromTimeline: 2,
    });
    expect(withoutIncrementalLines(incremental)).toBe(label);
  });

  it('in the archive also says where the backup stopped', () => {
    const stop = 'STOP WAL LOCATION: 2/5B0012A8 (file 00000003000000020000005B)\n';
    expect(parseBackupLabel(label + stop)).toMatchObject({
      stopLsn: '2/5B0012A8',
      stopSegment: '00000003000000020000005B',
    });
  });

  it.each([
    label.replaceAll('\n', '\r\n'),
    label.replace('TIMELINE: 3', 'TIMELINE: 4'),
    label.replace('CHECKPOINT LOCATION', 'CHECKPOINT'),
    label.replace('2/5A000028', 'nowhere'),
    `${label}INCREMENTAL FROM LSN: 2/40000F8\n`,
    `${label}INCREMENTAL FROM LSN: nowhere\nINCREMENTAL FROM TLI: 2\n`,
    '',
  ])('is refused where the server would refuse it', (text) => {
    expect(() => parseBackupLabel(text)).toThrow(refusal);
  });

  it('never fails with a foreign error, whatever is changed in it', () => {
    const cut = fc.tuple(fc.nat(label.length), fc.nat(label.length), fc.string());
    fc.assert(
      fc.property(cut, ([from, to, text]) => {
        try {
          parseBackupLabel(label.slice(0, from) + text + label.slice(to));
        } catch (error) {
          expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
        }
      }),
    );
  });
});

describe('a tablespace map', () => {
  it('keeps spaces, and backslashes before special characters', () => {
    expect(parseTablespaceMap('16384 /mnt/ts one\n16400  /two\\\\back\\\nslash\n')).toEqual([
      { oid: '16384', path: '/mnt/ts one' },
      { oid: '16400', path: ' /two\\back\nslash' },
    ]);
  });

  it('survives writing and reading, whatever the paths', () => {
    const entry = fc.record({
      oid: fc.integer({ min: 1, max: 2 ** 32 - 1 }).map(String),
      path: fc.string({ minLength: 1 }).map((path) => `/${path}`),
    });
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        expect(parseTablespaceMap(formatTablespaceMap(entries))).toEqual(entries);
      }),
    );
  });

  it.each(['16384 /x', 'x /y\n', '16384\n', '16384 \n'])('is refused when it is %j', (text) => {
    expect(() => parseTablespaceMap(text)).toThrow(refusal);
  });

  it('never fails with a foreign error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseTablespaceMap(text);
        } catch (error) {
          expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
        }
      }),
    );
  });
});
