import { expect, test } from 'vitest';
import { namedPath } from '../../../src/cli/named-path.ts';

test.each([
  ['/srv/drills.html', 'orders', '/srv/drills-orders.html'],
  ['drills.2026.xml', 'orders', 'drills.2026-orders.xml'],
  ['/var/lib/odo.prom', 'a/b c', '/var/lib/odo-a_b_c.prom'],
])('the file %s of the database %s is %s', (path, database, expected) => {
  expect(namedPath(path, database)).toBe(expected);
});
