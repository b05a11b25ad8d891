import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { openJournal } from '../../../src/journal/open.ts';
import { acquireLease, findRun, releaseLease } from '../../../src/journal/runs.ts';
import { currentExecutor, stateOfHolder } from '../../../src/run/executor-identity.ts';
import { endFormerHolder, holdLease } from '../../../src/run/lease.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { journalWithRun } from '../../support/run-journal.ts';

afterEach(() => void vi.useRealTimers());

async function heldRun() {
  const journal = await journalWithRun();
  journal.release();
  vi.useFakeTimers();
  let nowMs = 0;
  const lost: string[] = [];
  const lease = holdLease(journal.database, 'r', currentExecutor(), {
    takeOver: false,
    epoch: 1,
    nowMs: () => nowMs,
    onLost: ({ code }) => void lost.push(code),
  });
  return {
    journal,
    lease,
    lost,
    expiresAtMs: () => findRun(journal.database, 'r')?.lease?.expiresAtMs,
    /** The clock of the machine goes on by so much, timers that are due within `timersMs` run. */
    pass: (ms: number, timersMs = ms) => {
      nowMs += ms;
      vi.advanceTimersByTime(timersMs);
    },
    takeOver: () =>
      acquireLease(journal.database, 'r', currentExecutor(), {
        ...{ nowMs, expiresAtMs: nowMs + 60_000, takeOver: true, isDead: () => false },
      }),
    async [Symbol.asyncDispose]() {
      lease.release();
      await journal[Symbol.asyncDispose]();
    },
  };
}

test('a lease is renewed every ten seconds, until it is released', async () => {
  await using run = await heldRun();
  expect(run.expiresAtMs()).toBe(60_000);
  run.pass(9000);
  expect(run.expiresAtMs()).toBe(60_000);
  run.pass(1000);
  expect(run.expiresAtMs()).toBe(70_000);
  run.lease.release();
  run.pass(60_000);
  expect(run.expiresAtMs()).toBeUndefined();
  expect(run.lost).toEqual([]);
});

test('an odo that slept past its lease learns of its loss within a second, and once', async () => {
  await using run = await heldRun();
  run.takeOver();
  run.pass(2000);
  expect(run.lost).toEqual([]);
  run.pass(3_600_000, 1000);
  expect(run.lost).toEqual(['LEASE_LOST']);
  run.pass(60_000);
  expect(run.lost).toEqual(['LEASE_LOST']);
});

test('a renewal that fails is tried again', async () => {
  await using run = await heldRun();
  run.journal.database.pragma('busy_timeout = 0');
  const other = openJournal(run.journal.journalFile);
  other.exec('BEGIN IMMEDIATE');
  run.pass(10_000);
  expect(run.expiresAtMs()).toBe(60_000);
  other.exec('COMMIT');
  other.close();
  run.pass(10_000);
  expect(run.expiresAtMs()).toBe(80_000);
  expect(run.lost).toEqual([]);
});

const stateOf = (pid: number): string => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '');
const identityOf = (pid: number) => ({
  ...currentExecutor(),
  pid,
  processStart: stateOf(pid).split(' ')[19] ?? '',
});

test('a suspended odo is ended by who takes its run, and not before', async () => {
  await using journal = await journalWithRun();
  journal.release();
  const child = spawn('sleep', ['1000']);
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  child.kill('SIGSTOP');
  const pid = child.pid ?? -1;
  const lease = { nowMs: 0, expiresAtMs: 100, takeOver: false, isDead: () => false };
  const epoch = acquireLease(journal.database, 'r', identityOf(pid), lease);
  const at = (nowMs: number) => ({ takeOver: false, nowMs: () => nowMs });

  expect(await endFormerHolder(journal.database, 'r', at(99))).toBeNull();
  expect(stateOfHolder(identityOf(pid))).toBe('alive');
  expect(await endFormerHolder(journal.database, 'r', at(100))).toBe(pid);
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(await endFormerHolder(journal.database, 'r', at(100))).toBeNull();
  releaseLease(journal.database, 'r', epoch);
});

test('an odo that has ended holds nothing, also while its parent has not asked about it', async () => {
  const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000']);
  const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(printed.toString());
  const identity = identityOf(pid);
  expect(stateOfHolder(identity)).toBe('alive');
  // A shell would still bury it.
  await waitUntil('the parent is no shell any more', () =>
    readFileSync(`/proc/${parent.pid}/comm`, 'utf8').startsWith('sleep'),
  );
  process.kill(pid, 'SIGKILL');
  await waitUntil('it is a zombie', () => stateOf(pid).startsWith('Z'));
  expect(stateOfHolder(identity)).toBe('gone');
  parent.kill('SIGKILL');
});

test('a lease that the journal does not let renew is told to its run when it has expired, once', async () => {
  await using run = await heldRun();
  run.pass(30_000);
  run.journal.database.pragma('query_only = ON');
  run.pass(50_000);
  expect(run.lost).toEqual([]);
  run.pass(60_000);
  expect(run.lost).toEqual(['JOURNAL_FAILED']);
  expect(() => run.lease.release()).not.toThrow();
  run.journal.database.pragma('query_only = OFF');
});
