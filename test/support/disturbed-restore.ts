import { expect } from 'vitest';
import type { OdoResult } from './odo-program.ts';

/** A restore some of whose calls fail once ends as if nothing had happened, and each of the planned ones did fail. */
export async function goesWell(
  restore: Promise<OdoResult>,
  { planned, hit }: { planned: readonly string[]; hit: ReadonlyMap<string, number> },
): Promise<void> {
  const result = await restore;
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.stderr).not.toMatch(/^\s+at /m);
  expect(
    planned.filter((what) => !hit.has(what)),
    'calls that were never made',
  ).toEqual([]);
}
