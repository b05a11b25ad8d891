import { existsSync } from 'node:fs';
import { appliedMigrations, migrations } from './migrate.ts';
import { type JournalDatabase, openAsFound, wrapping } from './open.ts';

/** What a look at a journal has shown. */
export interface JournalExamination {
  /** Changes of the schema that the next run will make: it is from an older odo. */
  readonly migrationsToCome: number;
  /** What SQLite finds wrong with the file, in its words; empty when it is whole. */
  readonly damage: readonly string[];
  /** Of a damaged one 0. */
  readonly runs: number;
  /** When the newest run was started; null when there is none. @unit ms since 1970 */
  readonly newestMs: number | null;
}

/**
 * Reads a journal to its end and changes nothing, not even its schema; null when there is none yet.
 * @throws JOURNAL_INCOMPATIBLE, JOURNAL_FAILED
 */
export function examineJournal(file: string): JournalExamination | null {
  if (!existsSync(file)) return null;
  const database = openAsFound(file);
  try {
    return wrapping(file, () => {
      const damage = damageOf(database);
      if (damage.length > 0) return { migrationsToCome: 0, damage, runs: 0, newestMs: null };
      const applied = appliedMigrations(database);
      const migrationsToCome = migrations.filter(({ number }) => !applied.includes(number)).length;
      const { runs, newestMs } =
        applied.length === 0
          ? { runs: 0, newestMs: null }
          : (database
              .prepare<[], { runs: number; newestMs: number | null }>(
                'SELECT count(*) AS runs, max(started_at_ms) AS newestMs FROM run',
              )
              .get() ?? { runs: 0, newestMs: null });
      return { migrationsToCome, damage, runs, newestMs };
    });
  } finally {
    database.close();
  }
}

function damageOf(database: JournalDatabase): string[] {
  try {
    const rows = database.pragma('integrity_check(5)') as { integrity_check: string }[];
    return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
  } catch (error) {
    // Worse than what the check can put into words.
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_CORRUPT')) {
      return [error.message];
    }
    throw error;
  }
}
