import { describe, expect, test } from 'vitest';
import { errorCode, OdoError } from '../../../src/errors/odo-error.ts';
import { openJournal } from '../../../src/journal/open.ts';
import { RunJournal } from '../../../src/journal/run-journal.ts';
import { acquireLease, createRun } from '../../../src/journal/runs.ts';
import { listAttempts } from '../../../src/journal/steps.ts';
import { currentExecutor } from '../../../src/run/executor-identity.ts';
import { type JournaledWork, runJournaled } from '../../../src/run/journaled-step.ts';
import { ProgressMeter } from '../../../src/run/progress-meter.ts';
import { newRunId } from '../../../src/run/run-id.ts';

function journal() {
  const database = openJournal(':memory:');
  createRun(database, { id: 'r', request: {}, odoVersion: '0', machineVersion: 1, startedAtMs: 0 });
  const options = { nowMs: 0, expiresAtMs: 100, takeOver: false, isDead: () => false };
  const epoch = acquireLease(database, 'r', currentExecutor(), options);
  return { database, records: new RunJournal(database, 'r', epoch, currentExecutor(), () => 1) };
}

const work = (
  run: () => Promise<unknown>,
  change: Partial<JournaledWork<unknown>> = {},
): JournaledWork<unknown> => ({
  name: 'seal',
  instance: '',
  version: 1,
  input: { plan: 1 },
  memorized: true,
  run,
  ...change,
});
const signal = new AbortController().signal;

describe('a journalled step', () => {
  test('runs once; afterwards its record answers', async () => {
    const { records } = journal();
    let runs = 0;
    const run = async () => ({ runs: ++runs });
    expect(await runJournaled(records, work(run), signal)).toEqual({ runs: 1 });
    expect(await runJournaled(records, work(run), signal)).toEqual({ runs: 1 });
    expect(runs).toBe(1);
  });

  test('runs again after a failure, and the failure is an attempt, not an outcome', async () => {
    const { database, records } = journal();
    let runs = 0;
    const run = async () => {
      runs += 1;
      if (runs === 1) throw new OdoError('ENGINE_FAILED', 'once');
      return 'done';
    };
    await expect(runJournaled(records, work(run), signal)).rejects.toThrow('once');
    expect(await runJournaled(records, work(run), signal)).toBe('done');
    expect(listAttempts(database, 'r').map((attempt) => attempt.outcome)).toEqual(['failed', 'completed']);
  });

  test('fails with its own error when the journal cannot keep it either', async () => {
    const { database, records } = journal();
    const run = async () => {
      database.pragma('query_only = ON');
      throw new OdoError('NOT_ENOUGH_SPACE', 'no room for the file');
    };
    await expect(runJournaled(records, work(run), signal)).rejects.toThrow('no room for the file');
  });

  test('commits the intent before the effect', async () => {
    const { records } = journal();
    await runJournaled(
      records,
      work(async () => {
        expect(records.findStep('seal', '')?.state).toBe('intended');
      }),
      signal,
    );
  });

  test('refuses a completed record of another plan or another version', async () => {
    const { records } = journal();
    await runJournaled(
      records,
      work(async () => 1),
      signal,
    );
    for (const change of [{ input: { plan: 2 } }, { version: 2 }]) {
      const error = await runJournaled(
        records,
        work(async () => 2, change),
        signal,
      ).catch((caught) => caught);
      expect(errorCode(error)).toBe('JOURNAL_INCOMPATIBLE');
    }
  });

  test('records an interruption as such and starts nothing when the run is stopping', async () => {
    const { database, records } = journal();
    const stop = new AbortController();
    const stopping = runJournaled(
      records,
      work(async () => {
        stop.abort();
        stop.signal.throwIfAborted();
      }),
      stop.signal,
    );
    await expect(stopping).rejects.toThrow();
    expect(listAttempts(database, 'r').map((attempt) => attempt.outcome)).toEqual(['interrupted']);
    await expect(
      runJournaled(
        records,
        work(async () => 1),
        stop.signal,
      ),
    ).rejects.toThrow();
    expect(listAttempts(database, 'r')).toHaveLength(1);
  });
});

test('a run id sorts by time and reads aloud', () => {
  expect(newRunId(new Date('2026-11-22T22:09:55.123Z'))).toMatch(/^20261122-220955-[b-z2-9]{4}$/);
});

test('rate and time left come from the last seconds only', () => {
  const meter = new ProgressMeter(10_000);
  expect(meter.measure(0, 0, 1000)).toEqual({ rate: null, etaMs: null });
  expect(meter.measure(1000, 100, 1000)).toEqual({ rate: 100, etaMs: 9000 });
  meter.measure(20_000, 100, 1000);
  expect(meter.measure(30_000, 600, 1000)).toEqual({ rate: 50, etaMs: 8000 });
});
