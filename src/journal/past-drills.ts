import type { JournalDatabase } from './open.ts';

/** What drills of one source have in common. */
export interface DrilledSource {
  readonly url: string;
  readonly server: string | null;
  /** Its name in odo.yaml. */
  readonly database: string | null;
}

interface PastDrill {
  readonly runId: string;
  readonly startedAtMs: number;
  readonly verdict: 'passed' | 'failed';
}

/**
 * Drills of a source that had come to a verdict before a moment, newest first. What was learned later does not count,
 * so that what is said about a run never changes; that a kept database was removed meanwhile is nothing learned.
 */
export function listPastDrills(
  database: JournalDatabase,
  { url, server, database: name }: DrilledSource,
  options: { beforeMs: number; verdict: 'passed' | null; limit: number },
): PastDrill[] {
  return database
    .prepare<[Record<string, unknown>], PastDrill>(
      `SELECT id AS runId, started_at_ms AS startedAtMs, verdict FROM run
       WHERE kind = 'drill' AND verdict IS NOT NULL AND started_at_ms < @beforeMs
         AND (@verdict IS NULL OR verdict = @verdict)
         AND json_valid(request)
         AND request ->> '$.source.url' = @url
         AND request ->> '$.server' IS @server
         AND request ->> '$.drill.database' IS @name
         AND (SELECT max(ended_at_ms) FROM step_attempt
              WHERE run_id = run.id AND step_attempt.name <> 'tearDown') <= @beforeMs
       ORDER BY started_at_ms DESC, id DESC LIMIT @limit`,
    )
    .all({ url, server, name, ...options });
}
