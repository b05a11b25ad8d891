import { expect, it } from 'vitest';
import { cutFileOf, parseChecksumsOutput } from '../../../src/postgres/pg-checksums-output.ts';

// PostgreSQL 15, LC_ALL=C.
const stdout = `Checksum operation completed
Files scanned:   959
Blocks scanned:  3188
Bad checksums:  2
Data checksum version: 1
`;
const stderr = `pg_checksums: error: checksum verification failed in file "/srv/pg/base/5/16384", block 7: calculated checksum A72 but block contains 10F1
pg_checksums: error: checksum verification failed in file "/srv/pg/base/5/16384.1", block 8: calculated checksum FF01 but block contains 2
`;

it('finds the wrong pages and their count in what pg_checksums says', () => {
  expect(parseChecksumsOutput(stdout, stderr)).toEqual({
    pages: 3188,
    wrong: [
      { path: '/srv/pg/base/5/16384', blockInFile: 7, found: 0xa72, expected: 0x10f1 },
      { path: '/srv/pg/base/5/16384.1', blockInFile: 8, found: 0xff01, expected: 2 },
    ],
  });
  expect(parseChecksumsOutput(stdout.replace('checksums:  2', 'checksums:  0'), '')).toEqual({
    pages: 3188,
    wrong: [],
  });
});

it('does not take a pg_checksums that gave up for one that found nothing', () => {
  const gaveUp = 'pg_checksums: error: could not read block 3 in file "/srv/pg/base/5/1": read 100 of 8192\n';
  expect(parseChecksumsOutput('', gaveUp)).toBeNull();
  expect(cutFileOf(gaveUp)).toBe('/srv/pg/base/5/1');
  expect(cutFileOf('pg_checksums: error: cluster must be shut down\n')).toBeNull();
});
