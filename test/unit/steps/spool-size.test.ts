import { expect, it } from 'vitest';
import { spoolSegments } from '../../../src/steps/spool-size.ts';

const MiB = 2 ** 20;

it('counts the segments that the spool holds, and never none', () => {
  const recovery = { spoolBytes: 64 * MiB };
  expect(spoolSegments({ recovery }, { segmentBytes: MiB })).toBe(64);
  expect(spoolSegments({ recovery }, { segmentBytes: 16 * MiB })).toBe(4);
  expect(spoolSegments({ recovery }, { segmentBytes: 1024 * MiB })).toBe(1);
  expect(spoolSegments({}, { segmentBytes: 16 * MiB })).toBe(64);
});
