import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import type { ExecutorIdentity } from '../../../src/journal/executor-identity.ts';
import { findSnapshot, listCheckpoints, listEvents, listResources } from '../../../src/journal/history.ts';
import { migrate, migrations } from '../../../src/journal/migrate.ts';
import { type JournalDatabase, openJournal, openJournalForReading } from '../../../src/journal/open.ts';
import { RunJournal } from '../../../src/journal/run-journal.ts';
import { acquireLease, createRun, findRun, releaseLease, renewLease } from '../../../src/journal/runs.ts';
import { listAttempts } from '../../../src/journal/steps.ts';

let directory: string;
let file: string;
let open: JournalDatabase[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'odo-journal-'));
  file = join(directory, 'state', 'journal.sqlite');
  open = [];
});
afterEach(() => {
  for (const database of open) database.close();
  rmSync(directory, { recursive: true });
});

const journal = (): JournalDatabase => {
  const database = openJournal(file);
  open.push(database);
  return database;
};
const me: ExecutorIdentity = { host: 'here', bootId: 'b', pid: 1, processStart: '1' };
const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return errorCode(error);
  }
  return undefined;
};

function newRun(database: JournalDatabase, id = 'r1') {
  createRun(database, { id, request: { a: 1 }, odoVersion: '0', machineVersion: 1, startedAtMs: 5 });
  return id;
}
function take(
  database: JournalDatabase,
  options: { nowMs?: number; takeOver?: boolean; dead?: boolean } = {},
) {
  return acquireLease(database, 'r1', me, {
    nowMs: options.nowMs ?? 0,
    expiresAtMs: (options.nowMs ?? 0) + 100,
    takeOver: options.takeOver ?? false,
    isDead: () => options.dead ?? false,
  });
}

describe('the journal file', () => {
  test('is private, in a private directory, and durable', () => {
    const database = journal();
    expect(statSync(join(directory, 'state')).mode & 0o777).toBe(0o700);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(database.pragma('synchronous', { simple: true })).toBe(2);
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    newRun(database);
    expect(statSync(`${file}-wal`).mode & 0o777).toBe(0o600);
  });

  test('opens again and keeps what was committed', () => {
    newRun(journal());
    expect(findRun(journal(), 'r1')).toMatchObject({
      id: 'r1',
      request: { a: 1 },
      status: 'running',
      lease: null,
    });
  });

  test('is not created by a reader', () => {
    expect(openJournalForReading(file)).toBeNull();
  });

  test('refuses a database of somebody else and leaves it alone', () => {
    const other = join(directory, 'other.sqlite');
    const foreign = new Database(other);
    foreign.exec('CREATE TABLE mine (a)');
    foreign.close();
    expect(codeOf(() => openJournal(other))).toBe('JOURNAL_INCOMPATIBLE');
  });

  test('whose making was cut short is made anew', () => {
    const cut = new Database(join(directory, 'cut.sqlite'));
    const failing = { number: 2, breaking: false, sql: 'CREATE TABLE' };
    expect(() => migrate(cut, [...migrations.slice(0, 1), failing])).toThrow();
    cut.close();
    const database = openJournal(join(directory, 'cut.sqlite'));
    open.push(database);
    newRun(database);
  });

  test('is made by one of many processes that come at once, and opened by all', async () => {
    const open = join(import.meta.dirname, '../../../src/journal/open.ts');
    // All at the same instant, so that they meet in it.
    const at = Date.now() + 1500;
    const script = `import { openJournal } from ${JSON.stringify(open)};
      while (Date.now() < ${at});
      for (let n = 0; n < 30; n++) openJournal(${JSON.stringify(directory)} + '/' + n + '/journal.sqlite').close();`;
    const processes = Array.from({ length: 4 }, () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]),
    );
    expect((await Promise.all(processes)).map(({ stderr }) => stderr)).toEqual(['', '', '', '']);
  });

  test('refuses a file that is no database, with a sentence', () => {
    const other = join(directory, 'text');
    writeFileSync(other, 'not a database, but long enough to be read as one. '.repeat(100));
    expect(codeOf(() => openJournal(other))).toBe('JOURNAL_FAILED');
  });

  test('refuses a breaking change made by a newer odo, and accepts a harmless one', () => {
    const database = journal();
    database.prepare('INSERT INTO migration (number, breaking) VALUES (99, 0)').run();
    expect(codeOf(() => journal())).toBeUndefined();
    database.prepare('UPDATE migration SET breaking = 1 WHERE number = 99').run();
    expect(codeOf(() => journal())).toBe('JOURNAL_INCOMPATIBLE');
  });
});

describe('the lease', () => {
  test('is held by one odo until it is released, expires, its holder is dead, or it is taken over', () => {
    const database = journal();
    newRun(database);
    const first = take(database);
    expect(codeOf(() => take(database))).toBe('RUN_HELD');
    expect(take(database, { nowMs: 100 })).toBe(first + 1);
    expect(take(database, { nowMs: 100, dead: true })).toBe(first + 2);
    expect(take(database, { nowMs: 100, takeOver: true })).toBe(first + 3);
    releaseLease(database, 'r1', first + 3);
    expect(take(database)).toBe(first + 4);
  });

  test('of an older epoch can neither be renewed nor write', () => {
    const database = journal();
    newRun(database);
    const old = new RunJournal(database, 'r1', take(database), me, () => 7);
    const current = new RunJournal(database, 'r1', take(database, { takeOver: true }), me, () => 8);
    expect(renewLease(database, 'r1', old.epoch, 999)).toBe(false);
    expect(codeOf(() => old.appendEvent({ type: 'x' }))).toBe('LEASE_LOST');
    expect(codeOf(() => old.setStatus('completed', null))).toBe('LEASE_LOST');
    current.appendEvent({ type: 'y' });
    expect(listEvents(database, 'r1')).toEqual([{ type: 'y' }]);
    expect(findRun(database, 'r1')?.status).toBe('running');
  });
});

describe('records of a run', () => {
  const running = () => {
    const database = journal();
    newRun(database);
    return { database, records: new RunJournal(database, 'r1', take(database), me, () => 7) };
  };
  const step = { name: 'restoreBase', instance: '', version: 1, input: '{}', inputHash: 'h' };

  test('intent, attempt and completion of a step', () => {
    const { database, records } = running();
    expect(records.intendStep(step)).toBe(1);
    records.endAttempt('restoreBase', '', 1, 'failed', { code: 'BUG', message: 'm', causes: [] });
    expect(records.intendStep(step)).toBe(2);
    records.completeStep('restoreBase', '', 2, { files: 3 });
    expect(records.findStep('restoreBase', '')).toMatchObject({ state: 'completed', output: { files: 3 } });
    expect(listAttempts(database, 'r1').map((attempt) => attempt.outcome)).toEqual(['failed', 'completed']);
  });

  test('a step is not completed without an intent', () => {
    expect(codeOf(() => running().records.completeStep('seal', '', 1, {}))).toBe('BUG');
  });

  test('a checkpoint outlives attempts and goes with its step', () => {
    const { database, records } = running();
    records.intendStep({ ...step, instance: 'base.tar.gz' });
    records.saveCheckpoint('restoreBase', 'base.tar.gz', 10, { offset: 10 }, null);
    records.saveCheckpoint('restoreBase', 'base.tar.gz', 20, { offset: 20 }, null);
    records.intendStep({ ...step, instance: 'base.tar.gz' });
    expect(records.lastCheckpoint('restoreBase', 'base.tar.gz')).toEqual({ offset: 20 });
    expect(listCheckpoints(database, 'r1')).toMatchObject([{ progress: 20, sequence: 2 }]);
    records.forgetStep('restoreBase');
    expect(records.lastCheckpoint('restoreBase', 'base.tar.gz')).toBeNull();
  });

  test('what a part learns about its object is kept with its checkpoints, and becomes the object’s index', () => {
    const { records } = running();
    const object = { store: 's3://backups', key: 'base.tar.gz' };
    records.intendStep({ ...step, instance: 'base.tar.gz' });
    records.saveCheckpoint('restoreBase', 'base.tar.gz', 10, { offset: 10 }, ['point 1']);
    records.saveCheckpoint('restoreBase', 'base.tar.gz', 20, { offset: 20 }, null);
    records.saveCheckpoint('restoreBase', 'base.tar.gz', 30, { offset: 30 }, ['point 2']);
    expect(records.listTrail('restoreBase', 'base.tar.gz')).toEqual([['point 1'], ['point 2']]);
    expect(records.findSeekIndex(object)).toBeNull();
    records.saveSeekIndex('restoreBase', 'base.tar.gz', object, { points: 2 });
    expect(records.listTrail('restoreBase', 'base.tar.gz')).toEqual([]);
    expect(records.findSeekIndex(object)).toEqual({ points: 2 });
    records.saveCheckpoint('restoreBase', 'base.tar.gz', 40, { offset: 40 }, ['point 3']);
    records.forgetStep('restoreBase');
    expect(records.listTrail('restoreBase', 'base.tar.gz')).toEqual([]);
    expect(records.findSeekIndex(object)).toEqual({ points: 2 });
    records.removeSeekIndex(object);
    expect(records.findSeekIndex(object)).toBeNull();
  });

  test('a transaction that fails in the middle leaves nothing', () => {
    const { database, records } = running();
    expect(codeOf(() => records.saveCheckpoint('nobody', 'x', 1, {}, null))).toBe('JOURNAL_FAILED');
    expect(listCheckpoints(database, 'r1')).toEqual([]);
  });

  test('snapshots are replaced, resources remembered', () => {
    const { database, records } = running();
    records.saveSnapshot(1, { value: 'a' });
    records.saveSnapshot(1, { value: 'b' });
    expect(findSnapshot(database, 'r1')).toEqual({ machineVersion: 1, data: { value: 'b' } });
    records.recordResource('volume', 'v', null);
    records.resourceRemoved('volume', 'v');
    expect(listResources(database, 'r1')).toMatchObject([{ kind: 'volume', name: 'v', state: 'removed' }]);
  });
});

test('a drill keeps its key and verdict, and is abandoned only when all of it is removed', () => {
  const database = journal();
  createRun(database, {
    id: 'r1',
    kind: 'drill',
    runKey: 'nightly-1',
    request: {},
    odoVersion: '0',
    machineVersion: 1,
    startedAtMs: 5,
  });
  let nowMs = 1000;
  const records = new RunJournal(database, 'r1', take(database), me, () => nowMs);
  expect(findRun(database, 'r1')).toMatchObject({
    kind: 'drill',
    runKey: 'nightly-1',
    verdict: null,
    abandonedAtMs: null,
  });
  records.setVerdict('failed');
  records.setStatus('held', null);
  expect(findRun(database, 'r1')).toMatchObject({ status: 'held', verdict: 'failed', endedAtMs: 1000 });
  nowMs = 2000;
  records.abandon();
  expect(findRun(database, 'r1')).toMatchObject({ status: 'running', abandonedAtMs: 2000, endedAtMs: null });
  nowMs = 3000;
  // A second odo that finishes what a killed one began.
  records.abandon();
  records.setStatus('abandoned', null);
  expect(findRun(database, 'r1')).toMatchObject({
    status: 'abandoned',
    verdict: 'failed',
    abandonedAtMs: 2000,
    endedAtMs: 3000,
  });
});

test('another plan keeps the former one, forgets what must be done again, and leads the next machine through it', () => {
  const database = journal();
  newRun(database);
  const epoch = take(database);
  const writes = new RunJournal(database, 'r1', epoch, me, () => 7);
  const complete = (name: string, instance: string, output: unknown) => {
    const attempt = writes.intendStep({ name, instance, version: 1, input: '{}', inputHash: 'h' });
    writes.completeStep(name, instance, attempt, output);
  };
  complete('plan', '', { to: 1 });
  complete('restoreWal', '', {});
  complete('restoreWal', 'pg_wal.tar', { files: 3 });
  complete('reachTarget', '', { lsn: '0/1' });
  complete('restoreBase', '', {});
  writes.saveSnapshot(3, { value: 'held' });
  writes.setStatus('held', null);
  for (const to of [2, 3]) {
    writes.changePlan({
      plan: { to },
      request: { a: to },
      forgets: ['restoreWal', 'reachTarget'],
      keepsPartsOf: ['restoreWal'],
    });
  }
  expect(writes.findStep('plan', '')).toMatchObject({ state: 'completed', output: { to: 3 } });
  expect(writes.findStep('plan', 'version 1')?.output).toEqual({ to: 1 });
  expect(writes.findStep('plan', 'version 2')?.output).toEqual({ to: 2 });
  expect(writes.findStep('restoreWal', '')).toBeNull();
  expect(writes.findStep('restoreWal', 'pg_wal.tar')).not.toBeNull();
  expect(writes.findStep('reachTarget', '')).toBeNull();
  expect(writes.findStep('restoreBase', '')).not.toBeNull();
  expect(findRun(database, 'r1')).toMatchObject({ request: { a: 3 }, status: 'running', endedAtMs: null });
  expect(findSnapshot(database, 'r1')).toEqual({ machineVersion: 0, data: { value: 'held' } });
});
