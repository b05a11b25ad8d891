/** What a drill proves and measures on top of a restore. */
export interface DrillRequest {
  /** Leave the temporary database up when everything was proved; `odo abandon` removes it. */
  readonly keep: boolean;
  /** Where it listens on the loopback address: a port, or any free one; null: nowhere, it has no network. */
  readonly port: number | 'auto' | null;
  readonly amcheck: AmcheckExtent;
  /** Read every table (`pg_dump` to nothing). */
  readonly dump: boolean;
  readonly assertions: readonly Assertion[];
  readonly limits: DrillLimits;
  /** Its name in odo.yaml; null outside of it. */
  readonly database: string | null;
}

/** How far `pg_amcheck` goes: not at all, tables and the order of indexes, or also that every row is in its indexes. */
export type AmcheckExtent = 'off' | 'tables' | 'heapallindexed';

/** What a drill is held against; null: nothing. */
export interface DrillLimits {
  readonly maxRtoMs: number | null;
  readonly maxRpoMs: number | null;
  /** How much longer than the median of earlier drills it may take, as a fraction: 0.5 is half as long again. */
  readonly maxRegression: number | null;
}

/** A question of the operator's own to the restored database, asked read-only. */
export interface Assertion {
  readonly name: string;
  /** Null: the database that the operator's roles use, or `postgres` when there is no other. */
  readonly database: string | null;
  readonly sql: string;
  readonly expect: Expectation;
  readonly timeoutMs: number;
}

export type Expectation =
  /** The first column of the only row, as text. */
  | { readonly kind: 'value'; readonly value: string }
  /** The query returns at least so many rows. */
  | { readonly kind: 'min-rows'; readonly rows: number }
  /** The first column of the first row is a time that lies at most so long before the drill began. */
  | { readonly kind: 'max-age'; readonly ms: number };

/** What is left behind about a run, beside the journal. */
export interface EvidenceRequest {
  /** Absolute paths; the form follows from the extension: .html, .md, .json, .xml (JUnit). */
  readonly reports: readonly string[];
  /** Absolute path of a Prometheus text file. */
  readonly metricsFile: string | null;
  /** Where a summary is posted when the run has ended; the secret that signs it is never stored. */
  readonly notifyUrl: string | null;
}

export const noEvidence: EvidenceRequest = { reports: [], metricsFile: null, notifyUrl: null };
