import { closeSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { examineJournal } from '../../../src/journal/examine-journal.ts';
import { openJournal } from '../../../src/journal/open.ts';
import { createRun } from '../../../src/journal/runs.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const startedAtMs = Date.parse('2026-11-22T22:09:55Z');

function journalWith(file: string, runs: number): void {
  const database = openJournal(file);
  for (let n = 0; n < runs; n += 1) {
    createRun(database, {
      id: `20261122-220955-run${n}`,
      kind: 'restore',
      runKey: null,
      request: { padding: 'x'.repeat(2000) },
      odoVersion: '0.1.0',
      machineVersion: 1,
      startedAtMs: startedAtMs + n,
    });
  }
  database.close();
}

test('a journal that is whole tells how many runs it has, and when the newest began', async () => {
  await using place = await temporaryDirectory();
  const file = join(place.path, 'journal.sqlite');
  expect(examineJournal(file)).toBeNull();
  journalWith(file, 3);
  const expected = { migrationsToCome: 0, damage: [], runs: 3, newestMs: startedAtMs + 2 };
  expect(examineJournal(file)).toEqual(expected);
});

test('a journal of an older odo is read as it is and not changed', async () => {
  await using place = await temporaryDirectory();
  const file = join(place.path, 'journal.sqlite');
  journalWith(file, 1);
  const older = new Database(file);
  older.exec('DELETE FROM migration WHERE number = 3');
  older.pragma('journal_mode = DELETE');
  older.close();
  const before = readFileSync(file);
  expect(examineJournal(file)).toMatchObject({ migrationsToCome: 1, runs: 1 });
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('damage is found, also where no run would read', async () => {
  await using place = await temporaryDirectory();
  const file = join(place.path, 'journal.sqlite');
  journalWith(file, 200);
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.alloc(4096, 0x5a), 0, 4096, Math.floor(statSync(file).size / 8192) * 4096);
  closeSync(fd);
  expect(examineJournal(file)?.damage).not.toEqual([]);
});

test('a journal of a newer odo, and what is none, are refused by name', async () => {
  await using place = await temporaryDirectory();
  const file = join(place.path, 'journal.sqlite');
  journalWith(file, 0);
  const newer = new Database(file);
  newer.exec('INSERT INTO migration (number, breaking) VALUES (99, 1)');
  newer.close();
  const codeOf = (path: string): unknown => {
    try {
      return examineJournal(path);
    } catch (error) {
      return errorCode(error);
    }
  };
  expect(codeOf(file)).toBe('JOURNAL_INCOMPATIBLE');
  writeFileSync(join(place.path, 'text'), 'not a database at all, but a text that is long enough'.repeat(10));
  expect(codeOf(join(place.path, 'text'))).toBe('JOURNAL_FAILED');
});
