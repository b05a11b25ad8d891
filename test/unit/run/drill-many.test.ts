import { describe, expect, test } from 'vitest';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { toErrorData } from '../../../src/errors/serialize.ts';
import { type DatabaseDrill, drillMany, type ManyMeans } from '../../../src/run/drill-many.ts';
import type { RunOutcome, RunSurroundings } from '../../../src/run/run-api.ts';
import type { RunEvent } from '../../../src/run/run-events.ts';
import type { RestorePlan } from '../../../src/steps/restore-plan.ts';
import type { RestoreRequest } from '../../../src/steps/restore-request.ts';

const completed = (runId: string, exitCode: number): RunOutcome => ({
  ...{ runId, status: 'completed', verdict: null, exitCode, error: null, resumable: false, next: null },
});

/** A disk of 100, drills of a given size, and runs that write when they are told to. */
function simulated(sizes: Readonly<Record<string, number>>, means: Partial<ManyMeans> = {}) {
  const names = Object.keys(sizes);
  const log: string[] = [];
  const runs = new Map<
    string,
    { surroundings: RunSurroundings; written: number; end(exitCode?: number): void }
  >();
  const nameOf = (request: RestoreRequest): string => request.server ?? '';
  const free = (): number => 100 - [...runs.values()].reduce((sum, { written }) => sum + written, 0);
  const drills = names.map(
    (database): DatabaseDrill => ({
      database,
      credentials: null,
      request: {
        server: database,
        jobs: 1,
        memoryBytes: null,
        recovery: { check: 'records' },
        runKey: `nightly/${database}`,
      } as RestoreRequest,
    }),
  );
  const full: ManyMeans = {
    parallel: 4,
    journalFile: '/nowhere',
    signal: new AbortController().signal,
    onEvent: () => {},
    onWait: (database) => log.push(`${database} waits`),
    onEnd: ({ database }) => {
      log.push(`${database} ended`);
    },
    plan: async (request) => {
      const needed = sizes[nameOf(request)] ?? 0;
      const space = {
        neededBytes: needed,
        freeBytes: free(),
        reclaimableBytes: 0,
        reserveBytes: 0,
        neededIsExact: true,
      };
      if (needed <= free()) return { plan: { space } as RestorePlan, problems: [] };
      return { plan: null, problems: [toErrorData(new OdoError('NOT_ENOUGH_SPACE', 'No room.'))] };
    },
    start: (request, surroundings) => {
      const name = nameOf(request);
      log.push(`${name} starts`);
      return new Promise<RunOutcome>((resolve, reject) => {
        surroundings.signal.addEventListener('abort', () => reject(surroundings.signal.reason), {
          once: true,
        });
        runs.set(name, {
          surroundings,
          written: 0,
          end: (exitCode = 0) => {
            runs.delete(name);
            resolve(completed(`run-${name}`, exitCode));
          },
        });
      });
    },
    plannedBefore: () => null,
    ...means,
  };
  const write = (name: string, done: number): void => {
    const run = runs.get(name);
    if (run === undefined) throw new Error(`${name} does not run`);
    run.written = done;
    const event = { type: 'progress', phase: 'restoreBase', done, total: sizes[name], unit: 'bytes' };
    run.surroundings.onEvent(event as unknown as RunEvent);
  };
  const end = (name: string, exitCode?: number): void => runs.get(name)?.end(exitCode);
  return { outcome: drillMany(drills, full), log, write, end, running: () => [...runs.keys()] };
}

/** Everything that can go on without an outside event has. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('drills of many databases', () => {
  test('run as many at a time as they may, in their order', async () => {
    const { outcome, running, end } = simulated({ a: 1, b: 1, c: 1 }, { parallel: 2 });
    await settled();
    expect(running()).toEqual(['a', 'b']);
    end('a');
    await settled();
    expect(running()).toEqual(['b', 'c']);
    end('c');
    end('b');
    expect((await outcome).map(({ database }) => database)).toEqual(['a', 'b', 'c']);
  });

  test('wait for room on the disk that others have been promised, although it is still free', async () => {
    const { outcome, log, running, end, write } = simulated({ a: 60, b: 50, c: 30 });
    await settled();
    // c would fit, but goes behind b: large ones are not put off for ever.
    expect({ running: running(), log }).toEqual({ running: ['a'], log: ['a starts', 'b waits'] });
    write('a', 60);
    end('a');
    await settled();
    expect(running()).toEqual(['b', 'c']);
    end('b');
    end('c');
    await outcome;
  });

  test('wait when there is no room while another runs, and alone are left to refuse themselves', async () => {
    const { outcome, log, running, end, write } = simulated({ a: 90, b: 30, c: 200 });
    await settled();
    write('a', 90);
    end('a');
    await settled();
    expect(running()).toEqual(['b']);
    end('b');
    await settled();
    expect(log).toEqual(['a starts', 'b waits', 'a ended', 'b starts', 'c waits', 'b ended', 'c starts']);
    end('c', 14);
    expect((await outcome)[2]?.outcome?.exitCode).toBe(14);
  });

  test('that went on from a run of before have their part of the disk', async () => {
    const kept = {
      space: { neededBytes: 80, freeBytes: 20, reclaimableBytes: 0, reserveBytes: 0 },
    } as RestorePlan;
    const { outcome, running, end } = simulated(
      { a: 60, b: 80, c: 10 },
      { plannedBefore: (_, key) => (key === 'nightly/b' ? kept : null) },
    );
    await settled();
    expect(running()).toEqual(['a', 'b']);
    end('b');
    await settled();
    expect(running()).toEqual(['a', 'c']);
    end('a');
    end('c');
    await outcome;
  });

  test('go on when one of them fails, in its run or outside of it', async () => {
    const { outcome, end } = simulated(
      { a: 1, b: 1 },
      {
        parallel: 1,
        start: async (request) => {
          if (request.server === 'a') throw new OdoError('RUN_HELD', 'Held.');
          return completed('run-b', 6);
        },
      },
    );
    end('a');
    expect(await outcome).toMatchObject([
      { database: 'a', outcome: null, error: { code: 'RUN_HELD' } },
      { database: 'b', outcome: { exitCode: 6 }, error: null },
    ]);
  });

  test('are all stopped by an abort, and none is begun after it', async () => {
    const stop = new AbortController();
    const { outcome, log } = simulated({ a: 60, b: 60, c: 1 }, { signal: stop.signal, parallel: 2 });
    await settled();
    stop.abort(new DOMException('Stopped', 'AbortError'));
    expect(await outcome).toMatchObject([
      { database: 'a', outcome: null, error: null },
      { database: 'b', outcome: null, error: null },
      { database: 'c', outcome: null, error: null },
    ]);
    expect(log.filter((line) => line.endsWith('starts'))).toEqual(['a starts']);
  });
});
