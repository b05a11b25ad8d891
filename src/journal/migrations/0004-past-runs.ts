import type { Migration } from './migration.ts';

/**
 * What is asked about earlier runs reads those that are meant, however many a journal holds. A run whose request is
 * damaged is none of them.
 */
export const pastRuns: Migration = {
  number: 4,
  breaking: false,
  sql: `
    CREATE INDEX drill_by_source ON run (request ->> '$.source.url', started_at_ms)
      WHERE kind = 'drill' AND verdict IS NOT NULL AND json_valid(request);
    CREATE INDEX metered_run ON run (request ->> '$.evidence.metricsFile', ended_at_ms)
      WHERE json_valid(request) AND request ->> '$.evidence.metricsFile' IS NOT NULL;
  `,
};
