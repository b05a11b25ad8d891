import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { clockFindings } from '../../../../src/run/doctor/machine.ts';
import type { ObjectStorage } from '../../../../src/storage/object-storage.ts';
import { clockAhead } from '../../../../src/storage/store-clock.ts';

const nowMs = Date.parse('2026-11-28T04:00:00Z');
const right = { nowMs, aheadOfStoreMs: 400, newestRunMs: nowMs - 60_000 };

test.each([
  ['a clock that agrees with the store', {}, 'ok', /as the store has it/],
  ['a store without a clock', { aheadOfStoreMs: null }, 'ok', /no store told/],
  ['a clock that is an hour ahead', { aheadOfStoreMs: 3_600_000 }, 'warning', /1 h 00 m ahead of the store/],
  ['a clock that is behind', { aheadOfStoreMs: -90_000 }, 'warning', /1 m 30 s behind the store/],
  ['a clock that has gone back', { newestRunMs: nowMs + 86_400_000 }, 'warning', /gone back by at least 1 d/],
  ['a clock that was never set', { nowMs: 0 }, 'warning', /before odo was written/],
])('%s', (_, change, level, says) => {
  const [finding, ...others] = clockFindings({ ...right, ...change });
  expect(finding).toMatchObject({ level, found: expect.stringMatching(says) });
  expect(finding?.fix === null).toBe(level === 'ok');
  expect(others).toEqual([]);
});

test('the store’s clock is read from the Date of a refusal, and nothing secret is sent for it', async () => {
  const asked: unknown[] = [];
  const server = createServer((request, answer) => {
    asked.push([request.method, request.url, request.headers.authorization]);
    answer.writeHead(403, { date: new Date(Date.now() - 3_600_000).toUTCString() }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const storage = {
    locate: async () => ({
      kind: 'http',
      protocol: 'http:',
      hostname: '127.0.0.1',
      port,
      path: '/secret?token=1',
      headers: { authorization: 'secret' },
    }),
  } as unknown as ObjectStorage;
  try {
    const ahead = await clockAhead(storage, new AbortController().signal);
    expect(Math.abs((ahead ?? 0) - 3_600_000)).toBeLessThan(5000);
    expect(asked).toEqual([['HEAD', '/', undefined]]);
  } finally {
    server.close();
  }
});
