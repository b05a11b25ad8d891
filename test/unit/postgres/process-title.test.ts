import { expect, it } from 'vitest';
import { segmentOfTitle } from '../../../src/postgres/process-title.ts';

it.each([
  [
    'postgres: odo-20261122-220955-k3f9: startup recovering 000000010000000000000005',
    '000000010000000000000005',
  ],
  ['postgres: odo-x: startup   recovering 000000010000000000000005', '000000010000000000000005'],
  ['postgres: startup waiting for 00000002000000000000000A', '00000002000000000000000A'],
  ['postgres: odo-x: startup waiting for 00000002.history', null],
  ['postgres: odo-x: startup ', null],
  ['postgres: odo-x: checkpointer ', null],
  ['postgres: odo-x: walreceiver streaming 0/5000000', null],
  ['sh -c /bin/sh restore-wal.sh 000000010000000000000005 startup recovering 000000010000000000000005', null],
])('%s', (title, segment) => {
  expect(segmentOfTitle(title)).toBe(segment);
});
