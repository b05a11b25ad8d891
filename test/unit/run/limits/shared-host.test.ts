import { expect, test } from 'vitest';
import { parallelFor, shareOf } from '../../../../src/run/limits/shared-host.ts';
import type { RestoreRequest } from '../../../../src/steps/restore-request.ts';

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;

test.each([
  { cores: 1, memory: 64 * GiB, parallel: 1 },
  { cores: 4, memory: 64 * GiB, parallel: 2 },
  { cores: 64, memory: 64 * GiB, parallel: 8 },
  { cores: 64, memory: 3 * GiB, parallel: 3 },
  { cores: 8, memory: GiB / 2, parallel: 1 },
])('$cores cores and $memory bytes carry $parallel at the same time', ({ cores, memory, parallel }) => {
  expect(parallelFor('auto', cores, memory)).toBe(parallel);
  expect(parallelFor(5, cores, memory)).toBe(5);
});

test('each gets its part of the cores and of the memory, never too little to work', () => {
  const request = { jobs: 'auto', memoryBytes: null } as RestoreRequest;
  expect(shareOf(request, 2, 8, 64 * GiB)).toMatchObject({ jobs: 4, memoryBytes: 128 * MiB });
  expect(shareOf({ ...request, memoryBytes: 40 * MiB }, 4, 2, 64 * GiB)).toMatchObject({
    jobs: 1,
    memoryBytes: 16 * MiB,
  });
  expect(shareOf({ ...request, jobs: 3 }, 2, 8, 64 * GiB).jobs).toBe(3);
  expect(shareOf(request, 1, 8, 64 * GiB)).toBe(request);
});
