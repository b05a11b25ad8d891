import type { Migration } from './migration.ts';

/**
 * Times are epoch milliseconds, UTC. JSON columns are opaque to the journal.
 * `instance` distinguishes parts of one step (an archive, a batch of WAL segments); '' is the step itself.
 */
export const initial: Migration = {
  number: 1,
  breaking: true,
  sql: `
    CREATE TABLE run (
      id TEXT PRIMARY KEY,
      status TEXT NOT NULL CHECK (status IN ('running', 'failed', 'refused', 'declined', 'held', 'completed')),
      request TEXT NOT NULL,
      odo_version TEXT NOT NULL,
      machine_version INTEGER NOT NULL,
      started_at_ms INTEGER NOT NULL,
      ended_at_ms INTEGER,
      error TEXT,
      lease_executor TEXT,
      lease_epoch INTEGER NOT NULL DEFAULT 0,
      lease_expires_at_ms INTEGER
    ) STRICT;

    CREATE TABLE step (
      run_id TEXT NOT NULL REFERENCES run (id),
      name TEXT NOT NULL,
      instance TEXT NOT NULL,
      version INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('intended', 'completed')),
      input TEXT NOT NULL,
      input_hash TEXT NOT NULL,
      output TEXT,
      intended_at_ms INTEGER NOT NULL,
      completed_at_ms INTEGER,
      PRIMARY KEY (run_id, name, instance)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE step_attempt (
      run_id TEXT NOT NULL,
      name TEXT NOT NULL,
      instance TEXT NOT NULL,
      number INTEGER NOT NULL,
      executor TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      started_at_ms INTEGER NOT NULL,
      ended_at_ms INTEGER,
      outcome TEXT CHECK (outcome IN ('completed', 'failed', 'interrupted')),
      error TEXT,
      PRIMARY KEY (run_id, name, instance, number),
      FOREIGN KEY (run_id, name, instance) REFERENCES step (run_id, name, instance) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE checkpoint (
      run_id TEXT NOT NULL,
      name TEXT NOT NULL,
      instance TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      saved_at_ms INTEGER NOT NULL,
      progress INTEGER NOT NULL,
      data TEXT NOT NULL,
      PRIMARY KEY (run_id, name, instance),
      FOREIGN KEY (run_id, name, instance) REFERENCES step (run_id, name, instance) ON DELETE CASCADE
    ) STRICT;

    CREATE TABLE snapshot (
      run_id TEXT PRIMARY KEY REFERENCES run (id),
      sequence INTEGER NOT NULL,
      machine_version INTEGER NOT NULL,
      saved_at_ms INTEGER NOT NULL,
      data TEXT NOT NULL
    ) STRICT;

    CREATE TABLE resource (
      run_id TEXT NOT NULL REFERENCES run (id),
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      details TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('intended', 'removed')),
      recorded_at_ms INTEGER NOT NULL,
      PRIMARY KEY (run_id, kind, name)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE event (
      id INTEGER PRIMARY KEY,
      run_id TEXT NOT NULL REFERENCES run (id),
      at_ms INTEGER NOT NULL,
      data TEXT NOT NULL
    ) STRICT;
    CREATE INDEX event_of_run ON event (run_id, id);
    CREATE INDEX run_by_start ON run (started_at_ms);
  `,
};
