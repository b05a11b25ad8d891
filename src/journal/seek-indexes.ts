import type { JournalDatabase } from './open.ts';
import { storedJson } from './stored-json.ts';

interface PartKey {
  readonly runId: string;
  readonly name: string;
  readonly instance: string;
}

/** An object of a store: the store as it describes itself, and the key in it. */
export interface IndexedObject {
  readonly store: string;
  readonly key: string;
}

/** More objects than this are not remembered, the oldest go first; one has at most about 10 MB. */
const keptIndexes = 100;

export function appendTrail(database: JournalDatabase, entry: PartKey & { data: string }): void {
  database
    .prepare(
      `INSERT INTO seek_trail (run_id, name, instance, sequence, data)
       SELECT @runId, @name, @instance, count(*) + 1, @data FROM seek_trail
       WHERE run_id = @runId AND name = @name AND instance = @instance`,
    )
    .run(entry);
}

export function listTrail(database: JournalDatabase, { runId, name, instance }: PartKey): unknown[] {
  return database
    .prepare<[string, string, string], { data: string }>(
      'SELECT data FROM seek_trail WHERE run_id = ? AND name = ? AND instance = ? ORDER BY sequence',
    )
    .all(runId, name, instance)
    .map((row) => storedJson(row.data, 'seek points of an archive'));
}

export function removeTrail(database: JournalDatabase, { runId, name, instance }: PartKey): void {
  database
    .prepare('DELETE FROM seek_trail WHERE run_id = ? AND name = ? AND instance = ?')
    .run(runId, name, instance);
}

/** In place of what was known about the object. */
export function saveSeekIndex(
  database: JournalDatabase,
  index: IndexedObject & { data: string; nowMs: number },
): void {
  database
    .prepare(
      `INSERT INTO seek_index (store, key, saved_at_ms, data) VALUES (@store, @key, @nowMs, @data)
       ON CONFLICT (store, key) DO UPDATE SET saved_at_ms = excluded.saved_at_ms, data = excluded.data`,
    )
    .run(index);
  database
    .prepare(
      `DELETE FROM seek_index WHERE rowid IN
         (SELECT rowid FROM seek_index ORDER BY saved_at_ms DESC, rowid DESC LIMIT -1 OFFSET ?)`,
    )
    .run(keptIndexes);
}

export function findSeekIndex(database: JournalDatabase, { store, key }: IndexedObject): unknown {
  const row = database
    .prepare<[string, string], { data: string }>('SELECT data FROM seek_index WHERE store = ? AND key = ?')
    .get(store, key);
  return row === undefined ? null : storedJson(row.data, 'seek index of an archive');
}

export function removeSeekIndex(database: JournalDatabase, { store, key }: IndexedObject): void {
  database.prepare('DELETE FROM seek_index WHERE store = ? AND key = ?').run(store, key);
}
