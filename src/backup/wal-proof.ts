/** A transaction's end, as its commit record tells. */
export interface WalCommit {
  /** Where its record begins: `X/X`. */
  readonly lsn: string;
  /** RFC 3339, UTC, to the microsecond. */
  readonly time: string;
  readonly xid: string;
}

/** What reading the WAL showed, before anything was touched. Plain JSON, part of the plan. */
export interface WalProof {
  /** `records`: every record was read and its checksum is right; `ends`: only the first page of each segment and the last ones. */
  readonly extent: 'records' | 'ends';
  /** [fromLsn, toLsn) was looked at; `toLsn` is the end of the last valid record. */
  readonly fromLsn: string;
  readonly toLsn: string;
  readonly segments: number;
  /** Where the last valid record begins; null when none was read. */
  readonly lastRecordLsn: string | null;
  readonly lastCommit: WalCommit | null;
  /** Where the target is met, for a person and for the progress; null when recovery goes to the end. */
  readonly stop: { readonly lsn: string; readonly time: string | null; readonly xid: string | null } | null;
  /** Position and commit time along the way, ascending, a few hundred at most: to tell a replay's position as a time. */
  readonly times: readonly (readonly [lsn: string, time: string])[];
}
