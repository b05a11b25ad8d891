import type { JournalDatabase } from './open.ts';

/** The latest run of one source that was to be measured into a file. */
export interface MeteredRunRecord {
  readonly runId: string;
  readonly endedAtMs: number;
  /** When the latest one of the source that passed had ended; null: none did. */
  readonly lastSuccessAtMs: number | null;
}

/** Runs that have ended, one for each kind, address and name of a database; none that ended before `sinceMs`. */
export function listMeteredRuns(
  database: JournalDatabase,
  file: string,
  sinceMs: number,
): MeteredRunRecord[] {
  return database
    .prepare<[Record<string, unknown>], MeteredRunRecord>(
      `SELECT runId, endedAtMs, lastSuccessAtMs FROM (
         SELECT id AS runId, ended_at_ms AS endedAtMs,
           max(CASE WHEN coalesce(verdict, CASE kind WHEN 'restore' THEN status END) IN ('passed', 'completed')
             THEN ended_at_ms END) OVER source AS lastSuccessAtMs,
           row_number() OVER (source ORDER BY started_at_ms DESC, id DESC) AS place
         FROM run
         WHERE json_valid(request) AND request ->> '$.evidence.metricsFile' = @file
           AND status NOT IN ('running', 'declined') AND ended_at_ms >= @sinceMs
         WINDOW source AS (PARTITION BY kind, request ->> '$.source.url', request ->> '$.drill.database')
       ) WHERE place = 1 ORDER BY runId`,
    )
    .all({ file, sinceMs });
}
