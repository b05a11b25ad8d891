import type { Migration } from './migration.ts';

/**
 * `verdict`: what a drill came to. `abandoned_at_ms`: its target was removed, so an odo that does not know the column
 * must not resume it. `sample`: progress over time, for reports; `data` is JSON.
 */
export const drills: Migration = {
  number: 3,
  breaking: true,
  sql: `
    ALTER TABLE run ADD COLUMN kind TEXT NOT NULL DEFAULT 'restore' CHECK (kind IN ('restore', 'drill'));
    ALTER TABLE run ADD COLUMN run_key TEXT;
    ALTER TABLE run ADD COLUMN verdict TEXT CHECK (verdict IN ('passed', 'failed'));
    ALTER TABLE run ADD COLUMN abandoned_at_ms INTEGER;
    CREATE INDEX run_by_key ON run (run_key, started_at_ms) WHERE run_key IS NOT NULL;

    CREATE TABLE sample (
      run_id TEXT NOT NULL REFERENCES run (id),
      phase TEXT NOT NULL,
      at_ms INTEGER NOT NULL,
      data TEXT NOT NULL,
      PRIMARY KEY (run_id, phase, at_ms)
    ) STRICT, WITHOUT ROWID;
  `,
};
