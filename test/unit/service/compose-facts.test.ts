import { expect, test } from 'vitest';
import { composeMounts } from '../../../src/service/compose-facts.ts';
import type { ComposeModel } from '../../../src/service/compose-model.ts';

const model = (mounts: ComposeModel['mounts']): ComposeModel => ({
  project: 'app',
  image: 'postgres:17',
  isBuilt: false,
  user: null,
  environment: {},
  mounts,
  volumeNames: new Map([
    ['pgdata', 'app_pgdata'],
    ['pg', 'payroll'],
  ]),
});

test('a volume has its real name, and a part of one is not taken for the whole', () => {
  const mounts = composeMounts(
    model([
      { type: 'volume', source: 'pgdata', target: '/data/' },
      { type: 'volume', source: 'pg', target: '/pay', volume: { subpath: 'main' } },
      { type: 'tmpfs', target: '/run' },
    ]),
    null,
    null,
  );
  expect(mounts).toEqual([
    { kind: 'volume', source: 'app_pgdata', alias: 'pgdata', destination: '/data' },
    { kind: 'other', source: 'payroll (subpath main)', alias: 'pg', destination: '/pay' },
    { kind: 'other', source: 'tmpfs', alias: null, destination: '/run' },
  ]);
});
