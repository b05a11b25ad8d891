import type { Major } from './images.ts';
import type { TableFacts } from './sample-data.ts';

/** What is in the lab: one bucket each. All of a major come from the same kind of cluster, made in one go. */
export const fixtureList = {
  /** barman-cloud-backup and WAL, both gzip; barman 3.4. */
  'barman-15': { major: 15, kind: 'barman' },
  /** The same cluster, nothing compressed. */
  'barman-15-plain': { major: 15, kind: 'barman' },
  /** pg_basebackup -Ft -z -X stream. */
  'basebackup-15': { major: 15, kind: 'pg_basebackup' },
  /** pg_basebackup -Ft -X stream. */
  'basebackup-15-plain': { major: 15, kind: 'pg_basebackup' },
  /** gzip, cut into several archives (data.tar.gz, data_0001.tar.gz …), WAL uncompressed; leftover archive settings; barman 3.13. */
  'barman-17': { major: 17, kind: 'barman' },
  'basebackup-17': { major: 17, kind: 'pg_basebackup' },
  /** pg_basebackup -Ft, uncompressed, with a tablespace. */
  'basebackup-17-tablespace': { major: 17, kind: 'pg_basebackup' },
  /** gzip, with a tablespace and a backup name; barman 3.20 or newer. */
  'barman-18': { major: 18, kind: 'barman' },
  /** -z with a tablespace. */
  'basebackup-18': { major: 18, kind: 'pg_basebackup' },
  /** pg_basebackup -Ft -z of some 600 MB; made on first use, for tests that kill in the middle. */
  'basebackup-15-large': { major: 15, kind: 'pg_basebackup' },
  /** pg_basebackup -Fp -X stream, with a tablespace beside (`<folder>/data`, `<folder>/cold`); made on first use, as all below. */
  'basebackup-15-tree': { major: 15, kind: 'pg_basebackup' },
  /** pg_basebackup -Ft -z -X fetch, SHA-256 in the manifest. */
  'basebackup-17-fetch': { major: 17, kind: 'pg_basebackup' },
  /** pg_basebackup -Ft -X none --no-manifest with a label; its WAL in a barman archive, `archive/main`. */
  'basebackup-18-none': { major: 18, kind: 'pg_basebackup' },
} as const satisfies Record<string, { major: Major; kind: 'barman' | 'pg_basebackup' }>;

export type FixtureName = keyof typeof fixtureList;

/** Facts recorded from the source cluster when the backup was made. */
export interface FixtureExpectation {
  readonly major: Major;
  /** `server_version_num` of the source. */
  readonly serverVersion: number;
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** barman: backup ids, oldest first. pg_basebackup: the folder (`20260102T030405`). */
  readonly backups: readonly string[];
  readonly compression: 'gzip' | 'none';
  readonly tablespaces: readonly { readonly oid: string; readonly name: string; readonly location: string }[];
  /** Tables when the backup had ended; the unlogged one is empty after any restore. barman: without `ticks`, which was being written. */
  readonly atBackupEnd: { readonly tables: Readonly<Record<string, TableFacts>> };
  /**
   * Tables when everything that was archived is replayed; equal to `atBackupEnd` for pg_basebackup, which has no
   * archive beside it. `lsn` is past the last commit.
   */
  readonly atLatest: { readonly tables: Readonly<Record<string, TableFacts>>; readonly lsn: string };
  /** Recovery targets between the two (barman only). */
  readonly between: {
    readonly restorePoint: string;
    readonly lsn: string;
    readonly time: string;
    readonly xid: string;
    readonly tables: Readonly<Record<string, TableFacts>>;
  } | null;
}
