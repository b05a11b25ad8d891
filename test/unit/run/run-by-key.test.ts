import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openJournal } from '../../../src/journal/open.ts';
import { RunJournal } from '../../../src/journal/run-journal.ts';
import { acquireLease, findRun, listRunRecords, renewLease } from '../../../src/journal/runs.ts';
import { currentExecutor } from '../../../src/run/executor-identity.ts';
import { findOrMakeRun, plannedByKey, waitForHolder, whatDiffers } from '../../../src/run/run-by-key.ts';
import { plainRequest } from '../../support/facts.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const key = 'nightly-orders-2026-11-22';
const asked = { ...plainRequest, runKey: key };
const elsewhere = { ...currentExecutor(), host: 'former-container' };

/** A journal with a run of the key, which `executor` holds until `expiresAtMs`. */
function journalWithRun(executor = currentExecutor(), expiresAtMs = 60_000) {
  const database = openJournal(':memory:');
  const made = findOrMakeRun(database, asked);
  if (made.found) throw new Error('the journal was not empty');
  const { runId } = made;
  const epoch = acquireLease(database, runId, executor, {
    nowMs: 0,
    expiresAtMs,
    takeOver: false,
    isDead: () => false,
  });
  return { database, runId, epoch, records: new RunJournal(database, runId, epoch, executor, () => 1) };
}

describe('a key', () => {
  test('finds its run whether that goes on, failed, is held or has ended', () => {
    const { database, runId, records } = journalWithRun();
    for (const status of ['running', 'failed', 'held', 'completed'] as const) {
      records.setStatus(status, null);
      expect(findOrMakeRun(database, asked)).toMatchObject({ found: true, run: { id: runId, status } });
    }
    expect(findOrMakeRun(database, { ...asked, runKey: `${key}/other` })).toMatchObject({ found: false });
  });

  test('is free again when its run touched nothing, or was given up', () => {
    for (const status of ['refused', 'declined', 'abandoned'] as const) {
      const { database, runId, records } = journalWithRun();
      if (status === 'abandoned') records.abandon();
      records.setStatus(status, null);
      const next = findOrMakeRun(database, asked);
      expect(next.found, status).toBe(false);
      expect(findOrMakeRun(database, asked)).toMatchObject({
        found: true,
        run: { id: next.found ? '' : next.runId, runKey: key },
      });
      expect(listRunRecords(database, 9).map(({ id }) => id)).toContain(runId);
    }
  });

  test('keeps a drill that was refused because the backup is bad', () => {
    const { database, runId, records } = journalWithRun();
    records.setVerdict('failed');
    records.setStatus('refused', null);
    expect(findOrMakeRun(database, asked)).toMatchObject({ found: true, run: { id: runId } });
  });

  test('makes one run, however many processes come with it at once', async () => {
    await using directory = await temporaryDirectory();
    const journal = join(directory.path, 'journal.sqlite');
    openJournal(journal).close();
    const source = (file: string): string => join(import.meta.dirname, '../../../src', file);
    // All of them wait for the same moment, so that they meet in the journal and not in the loader.
    const script = `
      const { openJournal } = await import(${JSON.stringify(source('journal/open.ts'))});
      const { findOrMakeRun } = await import(${JSON.stringify(source('run/run-by-key.ts'))});
      const database = openJournal(${JSON.stringify(journal)});
      process.stdout.write('ready\\n');
      await new Promise((go) => process.stdin.once('data', go));
      const results = Array.from({ length: 20 }, (_, index) =>
        findOrMakeRun(database, { ...${JSON.stringify(asked)}, runKey: 'key-' + index }));
      process.stdout.write(JSON.stringify(results.map((one) => one.found ? '' : one.runId)) + '\\n');
      process.exit(0);`;
    const children = Array.from({ length: 3 }, () => {
      const running = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
      const ready = new Promise((resolve) => running.child.stdout?.once('data', resolve));
      return { running, ready };
    });
    await Promise.all(children.map(({ ready }) => ready));
    for (const { running } of children) running.child.stdin?.write('go\n');
    const outputs = await Promise.all(children.map(({ running }) => running));
    const made = outputs.map(({ stdout }) => JSON.parse(stdout.split('\n')[1] ?? '') as string[]);
    for (let index = 0; index < 20; index++)
      expect(made.map((one) => one[index]).filter((runId) => runId !== '')).toHaveLength(1);
  });

  test('knows what its run has planned', async () => {
    await using directory = await temporaryDirectory();
    const journal = join(directory.path, 'journal.sqlite');
    expect(plannedByKey(journal, key)).toBeNull();
    const database = openJournal(journal);
    const made = findOrMakeRun(database, asked);
    expect(plannedByKey(journal, key)).toBeNull();
    const runId = made.found ? '' : made.runId;
    const options = { nowMs: 0, expiresAtMs: 1, takeOver: false, isDead: () => false };
    const epoch = acquireLease(database, runId, currentExecutor(), options);
    const records = new RunJournal(database, runId, epoch, currentExecutor(), () => 1);
    const work = { name: 'plan', instance: '', version: 1, input: '{}', inputHash: '' };
    records.completeStep('plan', '', records.intendStep(work), { space: { neededBytes: 7 } });
    expect(plannedByKey(journal, key)).toMatchObject({ space: { neededBytes: 7 } });
    records.setStatus('refused', null);
    expect(plannedByKey(journal, key)).toBeNull();
    database.close();
  });
});

test('what differs from the first start is named; what changes by itself is not', () => {
  const { database, runId } = journalWithRun();
  const run = findRun(database, runId);
  if (run === null) throw new Error('the run is gone');
  expect(whatDiffers(run, { ...asked, jobs: 7, readings: ['yesterday'], confirmed: true })).toEqual([]);
  expect(whatDiffers(run, { ...asked, backup: 'other', server: 'orders' })).toEqual(['backup', 'server']);
});

describe('a run that another odo holds', () => {
  const signal = new AbortController().signal;
  /** A clock that only `sleep` moves. */
  const clock = (during: (nowMs: number) => void = () => {}) => {
    let nowMs = 1;
    const waits: number[] = [];
    return {
      waits,
      waiting: {
        signal,
        nowMs: () => nowMs,
        onWait: ({ expiresAtMs }: { expiresAtMs: number }) => waits.push(expiresAtMs),
        sleep: async (ms: number) => {
          nowMs += ms;
          during(nowMs);
        },
      },
      now: () => nowMs,
    };
  };

  test('is left alone at once while that can be seen to live', async () => {
    const { database, runId } = journalWithRun();
    const { waiting, waits } = clock();
    await expect(waitForHolder(database, runId, waiting)).rejects.toMatchObject({ code: 'RUN_HELD' });
    expect(waits).toEqual([]);
  });

  test('is taken at once when that is gone for certain', async () => {
    const { database, runId } = journalWithRun({ ...currentExecutor(), processStart: '1' });
    const { waiting, now } = clock();
    await waitForHolder(database, runId, waiting);
    expect(now()).toBe(1);
  });

  test('is taken when its lease expires, where nobody can see whether that lives', async () => {
    const { database, runId } = journalWithRun(elsewhere);
    const { waiting, waits, now } = clock();
    await waitForHolder(database, runId, waiting);
    expect(now()).toBe(60_000);
    expect(waits).toEqual([60_000]);
  });

  test('is left alone as soon as that shows that it lives, or another takes it', async () => {
    const { database, runId, epoch } = journalWithRun(elsewhere);
    const renewing = clock((nowMs) => {
      if (nowMs > 9_000) renewLease(database, runId, epoch, 70_000);
    });
    await expect(waitForHolder(database, runId, renewing.waiting)).rejects.toMatchObject({
      code: 'RUN_HELD',
    });
    expect(renewing.now()).toBeLessThan(11_000);
  });

  test('is waited for no longer than the operator wants', async () => {
    const { database, runId } = journalWithRun(elsewhere);
    const stop = new AbortController();
    const { waiting } = clock(() => stop.abort(new DOMException('Stopped', 'AbortError')));
    await expect(waitForHolder(database, runId, { ...waiting, signal: stop.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
