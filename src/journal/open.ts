import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { OdoError } from '../errors/odo-error.ts';
import { applicationId, isUpToDate, migrate, refuseNewer } from './migrate.ts';
import { hasNoRoom, saysNoRoom } from './room.ts';

export type JournalDatabase = Database.Database;

/**
 * Opens the journal for writing and creates it when missing. `synchronous=FULL` because the library's
 * default under WAL (NORMAL) may forget committed transactions on power loss, and a checkpoint that the
 * journal forgets costs hours.
 */
export function openJournal(file: string): JournalDatabase {
  return wrapping(file, () => {
    if (file !== ':memory:') prepareFile(file);
    const database = new Database(file);
    try {
      checkApplication(database, file);
      becomeWal(database);
      database.pragma('synchronous = FULL');
      database.pragma('foreign_keys = ON');
      database.pragma(`busy_timeout = ${busyMs}`);
      migrate(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

const busyMs = 10_000;

/** While another odo does the same, SQLite says that it is busy at once: it does not wait for a lock to become a stronger one. */
function becomeWal(database: JournalDatabase): void {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  for (const until = Date.now() + busyMs; ; Atomics.wait(nothing, 0, 0, 10)) {
    try {
      database.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const isBusy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!isBusy || Date.now() > until) throw error;
    }
  }
}

/** Opens an existing journal for reading; null when there is none yet. */
export function openJournalForReading(file: string): JournalDatabase | null {
  if (!existsSync(file)) return null;
  return wrapping(file, () => {
    const database = new Database(file, { fileMustExist: true });
    try {
      checkApplication(database, file);
      database.pragma(`busy_timeout = ${busyMs}`);
      if (!isUpToDate(database)) migrate(database);
      database.pragma('query_only = ON');
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** As it is, without bringing it up to date. The caller closes it. @throws JOURNAL_INCOMPATIBLE, JOURNAL_FAILED */
export function openAsFound(file: string): JournalDatabase {
  return wrapping(file, () => {
    const database = new Database(file, { fileMustExist: true });
    try {
      checkApplication(database, file);
      database.pragma(`busy_timeout = ${busyMs}`);
      database.pragma('query_only = ON');
      refuseNewer(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

function prepareFile(file: string): void {
  const directory = dirname(file);
  if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 });
  // SQLite would create it with the process's umask; its -wal and -shm files take the mode of the main file.
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
}

function checkApplication(database: JournalDatabase, file: string): void {
  // Of one moment: another odo may be making it just now.
  const isOurs = database.transaction(() => {
    const found = database.pragma('application_id', { simple: true });
    const tables = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM sqlite_master').get();
    return found === applicationId || (found === 0 && tables?.n === 0);
  });
  if (isOurs()) return;
  throw new OdoError('JOURNAL_INCOMPATIBLE', `${file} is a SQLite database, but not a journal of odo.`, {
    hint: 'Name another file with --journal FILE.',
  });
}

/** SQLite's errors say what; this says which file. */
export function wrapping<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof OdoError) throw error;
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
    const message = error instanceof Error ? error.message : String(error);
    const isTold = code === 'SQLITE_FULL' || saysNoRoom(error);
    if (
      isTold ||
      (/^SQLITE_(IOERR|CANTOPEN)/.test(code) && file !== ':memory:' && hasNoRoom(dirname(file)))
    ) {
      throw new OdoError('NOT_ENOUGH_SPACE', `No space left for the journal ${file}.`, {
        hint: 'Free some space there and resume the run, or keep the journal elsewhere with --journal FILE.',
        cause: error,
      });
    }
    throw new OdoError('JOURNAL_FAILED', `The journal ${file} cannot be used: ${message}.`, {
      hint: 'Check the path, its rights and the disk; --journal FILE names another journal.',
      cause: error,
    });
  }
}
