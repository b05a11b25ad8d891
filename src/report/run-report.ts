import type { ErrorData } from '../errors/serialize.ts';

/**
 * Everything that is said about one run afterwards. Plain JSON: `odo report --json` prints it, and every other form
 * (JUnit, Markdown, HTML, metrics, webhook) is drawn from it, so that they cannot disagree. Times are RFC 3339 in UTC,
 * durations milliseconds, sizes bytes. Never a secret.
 */
export interface RunReport {
  /** Of this document's shape. */
  readonly version: 1;
  readonly runId: string;
  readonly kind: 'restore' | 'drill';
  /** `--run-key`; null when none was given. */
  readonly runKey: string | null;
  /** Name of the database in odo.yaml; null outside of it. */
  readonly database: string | null;
  readonly verdict: Verdict;
  /** One sentence for the top of the page. */
  readonly headline: string;
  /** What is wrong, worst first, each one sentence that stands alone; empty when the verdict is `passed`. */
  readonly findings: readonly Finding[];
  readonly status: string;
  readonly startedAt: string;
  /** Null while it goes on. */
  readonly endedAt: string | null;
  /** Why it stopped; null when it did not. */
  readonly error: ErrorData | null;
  /** What goes on with it: `odo resume …`; null when there is nothing to do. */
  readonly next: string | null;
  readonly source: ReportedSource;
  /** Where it was restored, for a person. */
  readonly target: string;
  /** What runs on it (a restore), or beside what it was held (a drill), for a person. */
  readonly service: string;
  readonly proofs: readonly ProofItem[];
  readonly measures: Measures;
  /** One entry for each attempt of a phase, in the order of their beginnings. */
  readonly phases: readonly PhaseSpan[];
  readonly samples: readonly Sample[];
  /** Earlier drills of the same source, oldest first, this one last; empty for a restore. */
  readonly trend: readonly TrendPoint[];
  /** Milestones, notices and warnings, oldest first. */
  readonly events: readonly ReportedEvent[];
  /** The plan as a list of sections with rows, for a person; empty when there was none. */
  readonly plan: readonly PlanSection[];
  readonly planDigest: string | null;
  readonly environment: Environment;
}

/** `unfinished`: it goes on, was interrupted or can be resumed; nothing is proved or disproved. */
export type Verdict = 'passed' | 'failed' | 'unfinished';

export interface Finding {
  /** Id of the proof, or `rto`, `rpo`, `run` for what is no proof item. */
  readonly about: string;
  readonly message: string;
}

/**
 * One thing that was proved or disproved. `id` is stable, for dashboards: `backup`, `wal`, `files`, `pages`,
 * `recovery`, `amcheck:DATABASE`, `dump:DATABASE`, `collations`, `assertion:NAME`, `rto`, `rpo` …
 */
export interface ProofItem {
  readonly id: string;
  /** `Files match the manifest` */
  readonly title: string;
  /** `skipped`: not asked for or not possible, `summary` says why. `not-reached`: the run ended before. */
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'not-reached';
  /** One sentence: `1,204 files, 2.1 GiB`, `block 17 of base/5/16401 …`. */
  readonly summary: string;
  /** More lines, at most a hundred: each problem that was found. */
  readonly details: readonly string[];
  readonly durationMs: number | null;
}

export interface ReportedSource {
  readonly url: string;
  readonly endpoint: string | null;
  readonly backup: string | null;
  readonly format: string | null;
  /** When the base backup had finished. */
  readonly backupEndedAt: string | null;
  readonly systemIdentifier: string | null;
  readonly serverMajor: number | null;
  /** What recovery went to: `the end of the WAL`, `2026-11-20 …`. */
  readonly recoveryTarget: string | null;
}

export interface Measures {
  /** From the request to a database that answers queries, without the time in which no odo worked on it; null when it never answered. */
  readonly rtoMs: number | null;
  readonly maxRtoMs: number | null;
  /** Age of the last recovered commit when the run began; null when unknown. */
  readonly rpoMs: number | null;
  readonly maxRpoMs: number | null;
  /** Of the last recovered transaction. */
  readonly lastCommitAt: string | null;
  /** How far the last recovered commit lies behind the last one in the archive; 0 at the end of it, null when unknown. */
  readonly behindArchiveMs: number | null;
  /** How often the run was interrupted and resumed. */
  readonly interruptions: number;
  /** Read from the store for the base backup. */
  readonly storedBytes: number | null;
  /** Written to the target. */
  readonly restoredBytes: number | null;
  /** WAL that was replayed. */
  readonly walBytes: number | null;
  /** Against earlier drills of the same source; empty when there is none. */
  readonly regressions: readonly Regression[];
}

export interface Regression {
  readonly measure: string;
  readonly message: string;
  readonly nowMs: number;
  /** Median of the earlier drills. */
  readonly usualMs: number;
}

export interface PhaseSpan {
  readonly phase: string;
  /** As a person reads it: `fetch base backup`. */
  readonly title: string;
  readonly attempt: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly outcome: 'completed' | 'failed' | 'interrupted' | 'running';
  readonly bytes: number | null;
}

/** Progress at one moment; about one every two seconds of work, thinned when a run is long. */
export interface Sample {
  readonly at: string;
  readonly phase: string;
  readonly unit: 'bytes' | 'segments' | 'wal-bytes';
  readonly done: number;
  readonly total: number | null;
  /** Where replay stood; only of `wal-bytes`. */
  readonly lsn: string | null;
}

export interface TrendPoint {
  readonly runId: string;
  readonly startedAt: string;
  readonly verdict: Verdict;
  readonly rtoMs: number | null;
  readonly rpoMs: number | null;
}

export interface ReportedEvent {
  readonly at: string;
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
}

export interface PlanSection {
  readonly title: string;
  readonly rows: readonly { readonly name: string; readonly value: string }[];
}

export interface Environment {
  readonly odoVersion: string;
  readonly nodeVersion: string;
  readonly host: string;
  readonly system: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** What ran PostgreSQL: `PostgreSQL 17.2 of image postgres:17`; null when it did not come to that. */
  readonly server: string | null;
}
