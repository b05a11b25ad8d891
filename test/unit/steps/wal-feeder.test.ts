import { describe, expect, it } from 'vitest';
import type { WalObject } from '../../../src/backup/base-backup.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { segmentName } from '../../../src/postgres/wal-segment.ts';
import { type FeederOptions, WalFeeder } from '../../../src/steps/wal-feeder.ts';
import { waitUntil } from '../../lab/wait-until.ts';

const segmentBytes = 16 * 2 ** 20;
const nameAt = (number: number): string => segmentName({ timeline: 1, number }, segmentBytes);
const object = (name: string): WalObject => ({ name, key: `wals/${name}`, sizeBytes: 1, etag: 'e' });
const history = '00000002.history';

/** A spool of which the test sees and decides everything. */
function fakeSpool(present: readonly string[] = []) {
  const there = new Set(present);
  const brought: string[] = [];
  const refused: string[] = [];
  const failures = new Map<string, Error>();
  let most = 0;
  let onTheWay = 0;
  let gate: Promise<void> = Promise.resolve();
  const isSegment = (name: string): boolean => !name.endsWith('.history');
  return {
    there: () => [...there].sort(),
    brought,
    refused,
    failures,
    most: () => most,
    /** What is brought from now on takes until the returned function is called. */
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    vanish: (name: string) => there.delete(name),
    port: {
      names: async () => [...there],
      bring: async (objects: readonly WalObject[], signal: AbortSignal) => {
        const segments = objects.filter(({ name }) => isSegment(name)).length;
        onTheWay += segments;
        most = Math.max(most, [...there].filter(isSegment).length + onTheWay);
        try {
          const aborted = new Promise<never>((_, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
          );
          aborted.catch(() => {});
          await Promise.race([gate, aborted]);
          for (const { name } of objects) {
            const failure = failures.get(name);
            if (failure !== undefined) throw failure;
          }
          for (const { name } of objects) there.add(name);
          brought.push(...objects.map(({ name }) => name));
        } finally {
          onTheWay -= segments;
        }
        return objects.length;
      },
      remove: async (names: readonly string[]) => {
        for (const name of names) there.delete(name);
      },
      refuse: async (name: string) => void refused.push(name),
      close: async () => {},
    },
  };
}

async function opened(
  spool: ReturnType<typeof fakeSpool>,
  options: Partial<FeederOptions> & { count: number },
) {
  const { count, ...more } = options;
  const feeder = await WalFeeder.open({
    objects: [history, ...Array.from({ length: count }, (_, index) => nameAt(index + 1))].map(object),
    spool: spool.port,
    patience: { run: (_what, _signal, work) => work() },
    slots: 4,
    jobs: 2,
    batch: 1,
    signal: new AbortController().signal,
    ...more,
  });
  return {
    fill: () => feeder.fill(),
    failed: feeder.failed,
    want: (name: string) => feeder.onLine(`odo: want ${name}`, null),
    restored: (name: string) => feeder.onLine('…', { kind: 'segment-restored', name }),
    [Symbol.asyncDispose]: () => feeder.close(),
  };
}

const names = (...numbers: readonly number[]): string[] => numbers.map(nameAt);

describe('a WAL feeder', () => {
  it('fills the spool from the first segment on, as far as it goes', async () => {
    const spool = fakeSpool();
    await using feeder = await opened(spool, { count: 10 });
    await feeder.fill();
    expect(spool.there()).toEqual([...names(1, 2, 3, 4), history]);
  });

  it('brings everything when that is less than the spool takes, and only what is not there yet', async () => {
    const spool = fakeSpool(names(2));
    await using feeder = await opened(spool, { count: 3 });
    expect(await feeder.fill()).toBe(4);
    expect(spool.there()).toEqual([...names(1, 2, 3), history]);
    expect(spool.brought).not.toContain(nameAt(2));
  });

  it('fetches and removes nothing before it knows where the server is', async () => {
    const spool = fakeSpool(names(7, 8));
    await using feeder = await opened(spool, { count: 10 });
    feeder.restored('00000002.history');
    expect(spool.there()).toEqual(names(7, 8));
    feeder.restored(nameAt(7));
    await waitUntil('it goes on from there', () => spool.there().includes(nameAt(10)));
    expect(spool.there()).toEqual([...names(7, 8, 9, 10), history]);
  });

  it('refills ahead of replay and empties behind it, never beyond the spool', async () => {
    const spool = fakeSpool();
    await using feeder = await opened(spool, { count: 200, jobs: 3 });
    for (let number = 1; number <= 200; number += 1) {
      const name = nameAt(number);
      if (!spool.there().includes(name)) feeder.want(name);
      await waitUntil(`${name} is there`, () => spool.there().includes(name), { everyMs: 1 });
      feeder.restored(name);
    }
    expect(spool.most()).toBeLessThanOrEqual(4);
    expect(new Set(spool.brought).size).toBe(201);
    expect(spool.brought).toHaveLength(201);
    // Recovery ends by reading the last segment again.
    await waitUntil('only the last one is left', () => spool.there().length === 2);
    expect(spool.there()).toEqual([nameAt(200), history]);
  });

  it('works with a spool of one segment', async () => {
    const spool = fakeSpool();
    await using feeder = await opened(spool, { count: 20, slots: 1 });
    for (let number = 1; number <= 20; number += 1) {
      const name = nameAt(number);
      if (!spool.there().includes(name)) feeder.want(name);
      await waitUntil(`${name} is there`, () => spool.there().includes(name), { everyMs: 1 });
      feeder.restored(name);
    }
    expect(spool.most()).toBe(1);
  });

  it('goes back when the server starts again from an earlier segment', async () => {
    const spool = fakeSpool();
    await using feeder = await opened(spool, { count: 20 });
    feeder.restored(nameAt(15));
    await waitUntil('it is ahead', () => spool.there().includes(nameAt(18)));
    feeder.want(nameAt(6));
    await waitUntil('what was removed is there again', () => spool.there().includes(nameAt(8)));
    expect(spool.there()).not.toContain(nameAt(15));
    expect(spool.most()).toBeLessThanOrEqual(4);
  });

  it('does not let what is on its way stand before what the server waits for', async () => {
    const spool = fakeSpool();
    await using feeder = await opened(spool, { count: 20 });
    const letGo = spool.hold();
    feeder.restored(nameAt(15));
    feeder.want(nameAt(6));
    letGo();
    await waitUntil('it is there', () => spool.there().includes(nameAt(6)));
    expect(spool.brought).not.toContain(nameAt(16));
  });

  it('fetches again what somebody took out of the spool', async () => {
    const spool = fakeSpool();
    await using feeder = await opened(spool, { count: 3 });
    await feeder.fill();
    spool.vanish(nameAt(2));
    feeder.want(nameAt(2));
    await waitUntil('it is there', () => spool.there().includes(nameAt(2)));
    spool.vanish(history);
    feeder.want(history);
    await waitUntil('the history file is there', () => spool.there().includes(history));
  });

  it('hands segments over together when that is cheaper', async () => {
    const spool = fakeSpool();
    const together: string[] = [];
    await using feeder = await opened(spool, {
      count: 8,
      slots: 8,
      jobs: 1,
      batch: 3,
      onBrought: (name, bytes, files) => together.push(`${name} ${bytes} ${files}`),
    });
    await feeder.fill();
    expect(together).toEqual([
      `${history} 1 1`,
      ...[
        [3, 3, 4],
        [6, 3, 7],
        [8, 2, 9],
      ].map(([number = 0, bytes, files]) => `${nameAt(number)} ${bytes} ${files}`),
    ]);
  });

  it('fails the phase that fills the spool at what can never be brought', async () => {
    const spool = fakeSpool();
    spool.failures.set(nameAt(3), new OdoError('ARCHIVE_CORRUPT', 'cut short'));
    await using feeder = await opened(spool, { count: 8, batch: 4 });
    await expect(feeder.fill()).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', message: 'cut short' });
  });

  it('stops filling the spool when it is interrupted', async () => {
    const spool = fakeSpool();
    const stop = new AbortController();
    await using feeder = await opened(spool, { count: 8, signal: stop.signal });
    spool.hold();
    const filling = feeder.fill();
    stop.abort();
    await expect(filling).rejects.toBe(stop.signal.reason);
    expect(spool.brought).toEqual([]);
  });

  it('lets a recovery go on that never comes to a broken segment, and refuses it to one that does', async () => {
    const spool = fakeSpool();
    spool.failures.set(nameAt(3), new OdoError('OBJECT_NOT_FOUND', 'It is gone.', { hint: 'Look.' }));
    await using feeder = await opened(spool, { count: 8 });
    feeder.restored(nameAt(1));
    await waitUntil('what is before it is there', () => spool.there().includes(nameAt(2)));
    feeder.restored(nameAt(2));
    await waitUntil('the first one is removed', () => !spool.there().includes(nameAt(1)));
    expect(spool.refused).toEqual([]);
    feeder.want(nameAt(3));
    await expect(feeder.failed).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
      message: `Recovery needs WAL ${nameAt(3)}, which cannot be had: It is gone.`,
      hint: expect.stringContaining('Put the object back as it was when this run was planned') as unknown,
    });
    expect(spool.refused).toEqual(names(3));
  });

  it('tries a broken segment once more when the server asks for it', async () => {
    const spool = fakeSpool();
    spool.failures.set(nameAt(3), new OdoError('OBJECT_NOT_FOUND', 'It is gone.'));
    await using feeder = await opened(spool, { count: 8 });
    feeder.restored(nameAt(2));
    await waitUntil('it was tried', () => spool.there().includes(history));
    spool.failures.clear();
    feeder.want(nameAt(3));
    await waitUntil('it is there', () => spool.there().includes(nameAt(3)));
    expect(spool.refused).toEqual([]);
  });
});
