import { expect, it } from 'vitest';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { StorePatience } from '../../../src/steps/store-patience.ts';

function patient(limitMs: number) {
  const notices: string[] = [];
  let now = 0;
  const patience = new StorePatience({
    notice: (level, message) => void notices.push(`${level}: ${message}`),
    now: () => new Date(now),
    limitMs,
    firstDelayMs: 1,
    longestDelayMs: 2,
  });
  const signal = new AbortController().signal;
  let calls = 0;
  /** Each call takes a minute; so many fail. */
  const run = (failures: number, error: Error) => {
    calls = 0;
    return patience.run('WAL 1', signal, async () => {
      now += 60_000;
      calls += 1;
      if (calls <= failures) throw error;
      return 'here';
    });
  };
  return { run, notices, calls: () => calls };
}

const away = new OdoError('STORAGE_UNAVAILABLE', 'The store answers 503.');

it('waits for a store that is away, and says so once', async () => {
  const { run, notices } = patient(30 * 60_000);
  expect(await run(10, away)).toBe('here');
  expect(notices).toEqual([
    'warning: WAL 1 cannot be had now and is tried again for up to 30 minutes: The store answers 503.',
    'info: WAL 1 is there; it goes on.',
  ]);
  expect(await run(0, away)).toBe('here');
  expect(notices).toHaveLength(2);
});

it('gives up when the time is over', async () => {
  const { run, calls } = patient(5 * 60_000);
  await expect(run(100, away)).rejects.toBe(away);
  expect(calls()).toBe(7);
});

it('does not wait for what no later try can cure', async () => {
  const { run, calls, notices } = patient(30 * 60_000);
  const gone = new OdoError('OBJECT_NOT_FOUND', 'It is gone.');
  await expect(run(100, gone)).rejects.toBe(gone);
  expect(calls()).toBe(1);
  expect(notices).toEqual([]);
});
