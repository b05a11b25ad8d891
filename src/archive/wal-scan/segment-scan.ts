import type { StopReason } from './wal-scan-module.ts';

/** What reading shall stop at; times in microseconds since 2000-01-01 UTC, as the server has them. */
export interface ScanTarget {
  readonly kind: 'lsn' | 'time' | 'xid';
  readonly value: bigint;
  /** What is at the target is still replayed. By time: it is met by the first transaction that ended later. */
  readonly inclusive: boolean;
}

export interface ScanRequest {
  /** Of the segment's first byte. */
  readonly startLsn: bigint;
  /** @unit bytes */
  readonly segmentBytes: number;
  /** Null: what the segment says is taken. */
  readonly serverMajor: number | null;
  readonly systemIdentifier: string | null;
  /** A record's place from which on the segment is read; null: all of it. */
  readonly fromLsn: bigint | null;
  readonly target: ScanTarget | null;
}

/** The end of a transaction that was committed. */
export interface ScannedCommit {
  readonly lsn: bigint;
  /** @unit microseconds since 2000-01-01 UTC */
  readonly time: bigint;
  /** Of the transaction itself when it was prepared; 0 in the rare case that its record is too long to tell. */
  readonly xid: number;
}

/** Commits and aborts of a stretch of WAL. */
export interface TransactionEnds {
  readonly commits: number;
  readonly aborts: number;
  readonly firstCommit: ScannedCommit | null;
  readonly lastCommit: ScannedCommit | null;
  /** Of commits and aborts; null when there was none. */
  readonly newestTime: bigint | null;
}

/** pg_create_restore_point(). */
export interface RestorePoint {
  readonly name: string;
  readonly lsn: bigint;
  /** Behind its record. */
  readonly endLsn: bigint;
  readonly time: bigint;
  /** The last commit in front of it within its segment. */
  readonly lastCommit: ScannedCommit | null;
}

/** A record that began in an earlier segment: its part in this one. */
export interface ContinuedPart {
  /** What the first page says is still to come of it. @unit bytes */
  readonly remainingBytes: number;
  /** What has come of it here. @unit bytes */
  readonly bytes: number;
  /** Its beginning, 1 MiB at most. */
  readonly kept: Uint8Array;
  /** CRC-32C of all but the first 16 bytes, which may be the rest of the record's header. */
  readonly crcBehind16: number;
  /** Behind it, at the next multiple of eight, when all of it has come. */
  readonly endLsn: bigint;
}

/** A record that goes on in a later segment: its part in this one. */
export interface UnfinishedPart {
  readonly lsn: bigint;
  /** As far as it has come: 8, 16 or 24 bytes. */
  readonly header: Uint8Array;
  /** Of what follows the header. */
  readonly crc: number;
  /** @unit bytes */
  readonly remainingBytes: number;
  /** Its beginning with the header, when its content is of interest; empty otherwise. */
  readonly kept: Uint8Array;
}

export interface ScanStop {
  readonly reason: StopReason;
  readonly lsn: bigint;
  /** What the page says and what it should, where that is the reason. */
  readonly found: bigint;
  readonly expected: bigint;
  /** The rest of its page is zeros, as behind the last record of a page that the server has written. */
  readonly restIsEmpty: boolean;
  /** Of the first page behind the one where reading stopped that belongs where it is: WAL goes on behind the damage. */
  readonly pageBehind: bigint | null;
}

/** What one segment holds, read on its own. */
export interface SegmentScan extends TransactionEnds {
  /** Of all that has come. @unit bytes */
  readonly sizeBytes: number;
  readonly magic: number;
  readonly systemIdentifier: string;
  /** Each timeline that pages say, and the first page that does. */
  readonly timelines: readonly { readonly lsn: bigint; readonly timeline: number }[];
  /** Behind the last page whose header was read and is right. */
  readonly pagesEnd: bigint;
  /** Its first page was written anew after a crash: the record that reaches into it from before counts for nothing. */
  readonly overwrites: boolean;
  readonly continued: ContinuedPart | null;
  /** Whole records that begin in it. */
  readonly records: number;
  readonly first: { readonly lsn: bigint; readonly previous: bigint } | null;
  readonly lastLsn: bigint | null;
  /** Behind the last of them. */
  readonly endLsn: bigint | null;
  readonly unfinished: UnfinishedPart | null;
  readonly restorePoints: readonly RestorePoint[];
  /** Null: the target is met, or every page was read. */
  readonly stop: ScanStop | null;
  /** The record that meets the target; what is behind it was not read. */
  readonly target: { readonly lsn: bigint; readonly endLsn: bigint; readonly isReplayed: boolean } | null;
}
