import { describe, expect, it } from 'vitest';
import type { RecoveryTarget } from '../../../src/postgres/recovery-target.ts';
import { checkPromotedEnd } from '../../../src/steps/promoted-end.ts';
import { recoveryDefaults } from '../../../src/steps/restore-request.ts';
import type { Tree } from '../../../src/target/tree.ts';
import { healthyContents } from '../../support/facts.ts';

/** The plan's last segment is 3. */
const check = (reason: string | null, stop: RecoveryTarget | null, switchLsn = '0/3000150') => {
  const tree = {
    readFile: async (path: string) => {
      expect(path).toBe('pg_wal/00000002.history');
      return reason === null ? null : Buffer.from(`1\t${switchLsn}\t${reason}\n`);
    },
  } as Partial<Tree> as Tree;
  const recovery = stop === null ? {} : { recovery: { ...recoveryDefaults, stop, proof: null } };
  return checkPromotedEnd(tree, { contents: healthyContents, ...recovery }, 2);
};
const lsn = (inclusive: boolean): RecoveryTarget => ({ kind: 'lsn', lsn: '0/2000100', inclusive });
const time: RecoveryTarget = { kind: 'time', time: '2026-11-27T19:57:00.000Z', inclusive: true };

describe('the end of a recovery', () => {
  it('without a target lies in the last segment or behind it, also for plans that know of no target', async () => {
    expect(await check('no recovery target specified', null)).toBe('0/3000150');
    expect(await check('no recovery target specified', { kind: 'end' })).toBe('0/3000150');
    await expect(check('no recovery target specified', { kind: 'end' }, '0/2FFFFF8')).rejects.toMatchObject({
      code: 'VERIFICATION_FAILED',
      message: expect.stringContaining('transactions are missing'),
    });
  });

  it.each([
    [{ kind: 'immediate' }, 'reached consistency'],
    [time, 'before 2026-11-27 19:57:00.5+00'],
    [lsn(true), 'after LSN 0/2000100'],
    [lsn(false), 'before LSN 0/2000100'],
    [{ kind: 'xid', xid: '747', inclusive: true }, 'after transaction 747'],
    [{ kind: 'xid', xid: '747', inclusive: false }, 'before transaction 747'],
    [{ kind: 'name', name: 'before "it"' }, 'at restore point "before "it""'],
  ] as const)(
    'with %j may lie before the last segment when the target was the reason',
    async (stop, reason) => {
      expect(await check(reason, stop, '0/2000100')).toBe('0/2000100');
    },
  );

  it.each([
    [time, 'no recovery target specified'],
    [time, 'reached consistency'],
    [lsn(true), 'before LSN 0/2000100'],
    [lsn(false), 'no recovery target specified'],
    [{ kind: 'xid', xid: '747', inclusive: true }, 'after transaction 7471'],
    [{ kind: 'name', name: 'a' }, 'at restore point "b"'],
    [{ kind: 'immediate' }, 'no recovery target specified'],
  ] as const)('with %j is refused when it was %j', async (stop, reason) => {
    await expect(check(reason, stop)).rejects.toMatchObject({
      code: 'VERIFICATION_FAILED',
      message: expect.stringContaining(reason),
    });
  });

  it('that no history file tells is not believed', async () => {
    await expect(check(null, time)).rejects.toMatchObject({ code: 'VERIFICATION_FAILED' });
  });
});
