import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { parseControlFile } from '../../../src/postgres/control-file.ts';

const folder = join(import.meta.dirname, '../../fixtures/pg-control');
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, `${name}.bin`)));

/** What the server's own pg_controldata said about the same file. */
function labelsOf(name: string): (label: string) => string {
  const text = readFileSync(join(folder, `${name}.txt`), 'utf8');
  const labels = new Map(
    text
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return (label) => labels.get(label) ?? expect.fail(`pg_controldata prints no ${label}`);
}

describe.each([
  ['pg15', 15],
  ['pg15-live', 15],
  ['pg17', 17],
  ['pg17-live', 17],
  ['pg18', 18],
  ['pg18-live', 18],
])('the control file %s', (name, major) => {
  const control = parseControlFile(bytesOf(name));
  const label = labelsOf(name);

  it('says what pg_controldata says', () => {
    expect(control).toEqual({
      systemIdentifier: label('Database system identifier'),
      controlVersion: Number(label('pg_control version number')),
      catalogVersion: Number(label('Catalog version number')),
      serverMajor: major,
      state: label('Database cluster state'),
      checkpointLsn: label('Latest checkpoint location'),
      redoLsn: label("Latest checkpoint's REDO location"),
      checkpointTimeline: Number(label("Latest checkpoint's TimeLineID")),
      checkpointAt: new Date(`${label('Time of latest checkpoint')} UTC`).toISOString(),
      minRecoveryPoint: label('Minimum recovery ending location'),
      minRecoveryPointTimeline: Number(label("Min recovery ending loc's timeline")),
      backupStartPoint: label('Backup start location'),
      backupEndPoint: label('Backup end location'),
      backupEndRequired: label('End-of-backup record required') === 'yes',
      maxima: {
        max_connections: Number(label('max_connections setting')),
        max_worker_processes: Number(label('max_worker_processes setting')),
        max_wal_senders: Number(label('max_wal_senders setting')),
        max_prepared_transactions: Number(label('max_prepared_xacts setting')),
        max_locks_per_transaction: Number(label('max_locks_per_xact setting')),
      },
      walLevel: label('wal_level setting'),
      walLogHints: label('wal_log_hints setting') === 'on',
      trackCommitTimestamp: label('track_commit_timestamp setting') === 'on',
      blockBytes: Number(label('Database block size')),
      blocksPerSegment: Number(label('Blocks per segment of large relation')),
      walBlockBytes: Number(label('WAL block size')),
      segmentBytes: Number(label('Bytes per WAL segment')),
      dataChecksumVersion: Number(label('Data page checksum version')),
    });
  });

  it('is refused when one byte of it changed', () => {
    const bytes = bytesOf(name);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    expect(() => parseControlFile(bytes)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('checksum') }),
    );
  });
});

describe('a control file', () => {
  it('of a big-endian machine is named as such', () => {
    const bytes = bytesOf('pg17');
    new DataView(bytes.buffer).setUint32(8, 1700, false);
    expect(() => parseControlFile(bytes)).toThrow(/big-endian/);
  });

  it('never fails with a foreign error', () => {
    const original = bytesOf('pg18');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(295), fc.nat(255))), fc.nat(8192), (changes, length) => {
        const bytes = original.slice(0, length);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          parseControlFile(bytes);
        } catch (error) {
          expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
        }
      }),
    );
  });
});
