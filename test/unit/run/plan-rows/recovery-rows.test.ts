import { expect, it } from 'vitest';
import type { RecoveryTarget } from '../../../../src/postgres/recovery-target.ts';
import { recoveryRows } from '../../../../src/run/plan-rows/recovery-rows.ts';
import type { PlannedRecovery, RestorePlan } from '../../../../src/steps/restore-plan.ts';
import { recoveryDefaults } from '../../../../src/steps/restore-request.ts';
import { healthyContents } from '../../../support/facts.ts';

const rows = (
  target: RecoveryTarget | null,
  change: Partial<PlannedRecovery> = {},
  path?: never[] | object[],
) => {
  const wal = { ...healthyContents.wal!, ...(path === undefined ? {} : { path }) };
  const recovery =
    target === null
      ? {}
      : { recovery: { ...recoveryDefaults, target, stop: target, proof: null, ...change } };
  return recoveryRows({ contents: { ...healthyContents, wal }, ...recovery } as RestorePlan);
};

it.each([
  [
    { kind: 'time', time: '2026-11-27T19:57:00.000Z', inclusive: true },
    'time 2026-11-27T19:57:00Z, inclusive',
  ],
  [
    { kind: 'time', time: '2026-11-27T19:57:00.123456Z', inclusive: false },
    'time 2026-11-27T19:57:00.123456Z, exclusive',
  ],
  [{ kind: 'lsn', lsn: '0/5000028', inclusive: false }, 'LSN 0/5000028, exclusive'],
  [{ kind: 'xid', xid: '747', inclusive: true }, 'transaction 747, inclusive'],
  [{ kind: 'name', name: 'before\n"it"' }, 'restore point "before\\n\\"it\\""'],
  [{ kind: 'immediate' }, 'the end of the base backup'],
  [{ kind: 'end' }, 'the end of the WAL'],
  [null, 'the end of the WAL'],
] as const)('the plan tells the target %j as %s', (target, text) => {
  expect(rows(target)).toEqual([
    ['target', text],
    ['timeline', '1'],
  ]);
});

it('the plan tells what words were taken for, and the way over the timelines', () => {
  const path = [
    { timeline: 1, untilLsn: '0/5000000' },
    { timeline: 2, untilLsn: null },
  ];
  expect(
    rows({ kind: 'end' }, { readings: ['before: 10 minutes ago = 2026-11-27T19:57:00Z'] }, path),
  ).toEqual([
    ['target', 'the end of the WAL'],
    ['', 'before: 10 minutes ago = 2026-11-27T19:57:00Z'],
    ['timeline', '1 until 0/5000000, then 2'],
  ]);
});
