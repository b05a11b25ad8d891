import { parseLsn } from '../../src/postgres/lsn.ts';
import type { PitrFixture } from '../lab/pitr-fixtures.ts';

/**
 * Ids of the rows that are there when recovery to a timeline has replayed everything in front of `lsn`: those of its
 * ancestors as far as it descends from them.
 */
export function rowsAt(archive: PitrFixture, timeline: 1 | 2 | 3, lsn: string): number[] {
  const end = parseLsn(lsn);
  const fork = timeline === 1 ? null : archive.forks[timeline];
  const isThere = (row: PitrFixture['rows'][number]) => {
    const rowEnd = parseLsn(row.end);
    if (row.timeline === timeline) return rowEnd <= end;
    return row.timeline === fork?.parent && rowEnd <= parseLsn(fork.switchLsn) && rowEnd <= end;
  };
  return archive.rows
    .filter(isThere)
    .map(({ id }) => id)
    .sort((a, b) => a - b);
}
