import type { Database } from 'better-sqlite3';
import { OdoError } from '../errors/odo-error.ts';
import { initial } from './migrations/0001-initial.ts';
import { seekIndex } from './migrations/0002-seek-index.ts';
import { drills } from './migrations/0003-drills.ts';
import { pastRuns } from './migrations/0004-past-runs.ts';
import type { Migration } from './migrations/migration.ts';

export const migrations: readonly Migration[] = [initial, seekIndex, drills, pastRuns];

/** "odo" and a version, so that file(1) and a careless --journal tell a journal from another database. */
export const applicationId = 0x6f646f31;

/**
 * Brings the schema up to date, in one transaction from an empty file on: killed or looked at in between, it is still
 * empty. A journal that carries a breaking migration this program does not know is refused: writing to it could lose
 * what a newer odo relies on.
 */
export function migrate(database: Database, known: readonly Migration[] = migrations): void {
  database
    .transaction(() => {
      if (database.pragma('application_id', { simple: true }) !== applicationId)
        database.pragma(`application_id = ${applicationId}`);
      database.exec(
        'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, breaking INTEGER NOT NULL) STRICT',
      );
      refuseNewer(database, known);
      const applied = appliedMigrations(database);
      for (const migration of known) {
        if (applied.includes(migration.number)) continue;
        database.exec(migration.sql);
        database
          .prepare('INSERT INTO migration (number, breaking) VALUES (?, ?)')
          .run(migration.number, migration.breaking ? 1 : 0);
      }
    })
    .immediate();
}

/** @throws JOURNAL_INCOMPATIBLE when it carries a breaking change of the schema that this program does not know */
export function refuseNewer(database: Database, known: readonly Migration[] = migrations): void {
  const unknown = rowsOf(database).filter(
    (row) => row.breaking === 1 && !known.some((migration) => migration.number === row.number),
  );
  if (unknown.length === 0) return;
  throw new OdoError(
    'JOURNAL_INCOMPATIBLE',
    `The journal ${database.name} was written by a newer odo (schema change ${unknown.map((row) => row.number).join(', ')}).`,
    { hint: 'Use that newer odo, or another journal with --journal FILE.' },
  );
}

/** Numbers of the changes that a journal carries; empty for a file that was never migrated. */
export const appliedMigrations = (database: Database): number[] =>
  rowsOf(database).map(({ number }) => number);

function rowsOf(database: Database): { number: number; breaking: number }[] {
  const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'migration'").get();
  if (table === undefined) return [];
  return database
    .prepare<[], { number: number; breaking: number }>('SELECT number, breaking FROM migration')
    .all();
}

/** For readers: refuses what `migrate` would refuse or would have to change first. */
export function isUpToDate(database: Database): boolean {
  const numbers = appliedMigrations(database);
  return migrations.every((migration) => numbers.includes(migration.number));
}
