import { afterEach, expect, test, vi } from 'vitest';
import { openJournal } from '../../../src/journal/open.ts';
import { createRun } from '../../../src/journal/runs.ts';
import { currentExecutor } from '../../../src/run/executor-identity.ts';
import { holdLease } from '../../../src/run/lease.ts';

afterEach(() => void vi.useRealTimers());

test('a lease that the journal does not let renew is told to its run, once, and is given back without a word', () => {
  vi.useFakeTimers();
  const database = openJournal(':memory:');
  createRun(database, { id: 'r', request: {}, odoVersion: '0', machineVersion: 1, startedAtMs: 0 });
  const onLost = vi.fn();
  const lease = holdLease(database, 'r', currentExecutor(), {
    takeOver: false,
    epoch: 0,
    nowMs: Date.now,
    onLost,
  });
  vi.advanceTimersByTime(30_000);
  expect(onLost).not.toHaveBeenCalled();
  database.pragma('query_only = ON');
  vi.advanceTimersByTime(60_000);
  expect(onLost).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'JOURNAL_FAILED' }));
  expect(() => lease.release()).not.toThrow();
});
