import { describe, expect, test } from 'vitest';
import { parseSettingLine } from '../../../src/postgres/setting-line.ts';
import { handedRecoveryText, withInclude, withoutInclude } from '../../../src/steps/handed-recovery.ts';
import { recoveryDefaults } from '../../../src/steps/restore-request.ts';

const contents = { wal: null } as never;
const settingsOf = (text: string) =>
  Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const setting = parseSettingLine(line);
      return setting === null ? [] : [[setting.name, setting.value]];
    }),
  );
const planned = (more: object) => ({
  contents,
  recovery: { ...recoveryDefaults, stop: recoveryDefaults.target, proof: null, ...more },
});

describe('the recovery of a server that odo does not run', () => {
  test('ends at the last valid record, wherever that became known, and at no other', () => {
    const stop = { kind: 'lsn', lsn: '0/5000028', inclusive: true } as const;
    for (const text of [
      handedRecoveryText(planned({ stop }), null),
      handedRecoveryText(planned({}), stop.lsn),
    ])
      expect(settingsOf(text)).toMatchObject({
        recovery_target_lsn: '0/5000028',
        recovery_target_inclusive: 'on',
        recovery_target_action: 'promote',
        recovery_target_timeline: 'current',
        hot_standby: 'off',
      });
  });

  test('stops at the target that was asked for, and answers queries where it pauses', () => {
    const stop = { kind: 'xid', xid: '815', inclusive: false } as const;
    const settings = settingsOf(handedRecoveryText(planned({ stop, action: 'pause' }), '0/5000028'));
    expect(settings).toMatchObject({ recovery_target_xid: '815', hot_standby: 'on' });
    expect(settings).not.toHaveProperty('recovery_target_lsn');
  });

  test('is included last, once, and can be taken out again', () => {
    const auto = "work_mem = '8MB'";
    const included = withInclude(withInclude(auto));
    expect(included).toBe("work_mem = '8MB'\ninclude_if_exists = '.odo-recovery.conf'\n");
    expect(withoutInclude(included)).toBe(`${auto}\n`);
  });
});
