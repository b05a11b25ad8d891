import type { RunReport, Verdict } from './run-report.ts';
import { formatDuration } from './units.ts';

/** What drills of several databases came to together; each has its own report beside it. Plain JSON. */
export interface DrillSummary {
  /** Of this document's shape. */
  readonly version: 1;
  readonly verdict: Verdict;
  readonly startedAt: string;
  readonly endedAt: string;
  /** In the order in which they were named. */
  readonly entries: readonly SummaryEntry[];
}

export interface SummaryEntry {
  readonly database: string;
  readonly verdict: Verdict;
  /** Null: no run was begun. */
  readonly runId: string | null;
  readonly rtoMs: number | null;
  readonly rpoMs: number | null;
  /** What is wrong first of all; null when nothing is. */
  readonly finding: string | null;
  /** What goes on with it: `odo resume …`; null when there is nothing to do. */
  readonly next: string | null;
  /** Of `odo drill` for this database alone. */
  readonly exitCode: number;
  /** Its own reports, as the summary's reader finds them. */
  readonly reports: readonly string[];
}

/** One database as it ended: with its report, or with the reason why there is no run. */
export interface EndedDatabase {
  readonly database: string;
  readonly exitCode: number;
  readonly report: RunReport | null;
  /** Why there is none. */
  readonly reason: string | null;
  readonly reports: readonly string[];
}

export function summarizeDrills(
  ended: readonly EndedDatabase[],
  times: { readonly startedAt: string; readonly endedAt: string },
): DrillSummary {
  const entries = ended.map(entryOf);
  const has = (verdict: Verdict): boolean => entries.some((entry) => entry.verdict === verdict);
  const verdict = has('failed')
    ? 'failed'
    : has('unfinished') || entries.length === 0
      ? 'unfinished'
      : 'passed';
  return { version: 1, verdict, ...times, entries };
}

function entryOf({ database, exitCode, report, reason, reports }: EndedDatabase): SummaryEntry {
  return {
    database,
    verdict: report?.verdict ?? 'unfinished',
    runId: report?.runId ?? null,
    rtoMs: report?.measures.rtoMs ?? null,
    rpoMs: report?.measures.rpoMs ?? null,
    finding: report?.findings[0]?.message ?? report?.error?.message ?? reason,
    next: report?.next ?? null,
    exitCode,
    reports,
  };
}

/** `2 of 3 databases passed, 1 failed` */
export function summaryHeadline({ entries }: DrillSummary): string {
  const count = (verdict: Verdict): number => entries.filter((entry) => entry.verdict === verdict).length;
  const databases = `${entries.length} database${entries.length === 1 ? '' : 's'}`;
  const others = (['failed', 'unfinished'] as const).flatMap((verdict) =>
    count(verdict) === 0 ? [] : [`${count(verdict)} ${verdict}`],
  );
  if (others.length === 0) return `${databases} passed`;
  return [`${count('passed')} of ${databases} passed`, ...others].join(', ');
}

/** What every form has in its table, besides verdict and links. */
export const summaryCells = ({ rtoMs, rpoMs, finding, runId }: SummaryEntry) => ({
  rto: rtoMs === null ? '' : formatDuration(rtoMs),
  rpo: rpoMs === null ? '' : formatDuration(rpoMs),
  finding: finding ?? '',
  run: runId ?? '',
});

export const summaryJson = (summary: DrillSummary): string => `${JSON.stringify(summary, null, 2)}\n`;
