import type { Migration } from './migration.ts';

/** What is asked about earlier runs reads those that are meant, however many a journal holds. */
export const pastRuns: Migration = {
  number: 4,
  breaking: false,
  sql: `
    CREATE INDEX drill_by_source ON run (request ->> '$.source.url', started_at_ms)
      WHERE kind = 'drill' AND verdict IS NOT NULL;
    CREATE INDEX metered_run ON run (request ->> '$.evidence.metricsFile', ended_at_ms)
      WHERE request ->> '$.evidence.metricsFile' IS NOT NULL;
  `,
};
