import type { Migration } from './migration.ts';

/**
 * `seek_trail`: what a part of a step has learned about the object it reads, from checkpoint to checkpoint.
 * `seek_index`: the same of objects that were read to their end, for every later run.
 */
export const seekIndex: Migration = {
  number: 2,
  breaking: false,
  sql: `
    CREATE TABLE seek_trail (
      run_id TEXT NOT NULL,
      name TEXT NOT NULL,
      instance TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      data TEXT NOT NULL,
      PRIMARY KEY (run_id, name, instance, sequence),
      FOREIGN KEY (run_id, name, instance) REFERENCES step (run_id, name, instance) ON DELETE CASCADE
    ) STRICT;

    CREATE TABLE seek_index (
      store TEXT NOT NULL,
      key TEXT NOT NULL,
      saved_at_ms INTEGER NOT NULL,
      data TEXT NOT NULL,
      PRIMARY KEY (store, key)
    ) STRICT;
    CREATE INDEX seek_index_by_age ON seek_index (saved_at_ms);
  `,
};
