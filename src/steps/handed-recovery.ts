import { targetSettings } from '../postgres/recovery-settings.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { formatSettings } from '../postgres/setting-line.ts';
import { handedRecoveryConf, handedWalFolder } from './layout.ts';
import { recoveryOf } from './planned-recovery.ts';
import type { RestorePlan } from './restore-plan.ts';
import { timelineSetting } from './timeline-setting.ts';

/**
 * The recovery of a server that odo does not run. Its settings stand in a file of their own, which postgresql.auto.conf
 * includes and which the server itself removes, with the WAL, when recovery has ended: left there, they would make a standby
 * that is copied from the database promote itself at its first record. The server's next `ALTER SYSTEM` writes
 * postgresql.auto.conf without the include (guc.c, `AlterSystemSetConfigFile`).
 *
 * Commands run in the data directory (xlogarchive.c). 1 says that the archive does not have a file, and 255 stops the
 * server; with a target, WAL that is missing in front of it is an error and no silent promotion (13 and later).
 */
export function handedRecoveryText(
  plan: Pick<RestorePlan, 'recovery' | 'contents'>,
  lastRecordLsn: string | null,
): string {
  const { action } = recoveryOf(plan);
  const settings = {
    restore_command: `test -f '${handedWalFolder}/%f' || exit 1; cp '${handedWalFolder}/%f' '%p' || exit 255`,
    recovery_end_command: `rm -rf ${handedWalFolder} ${handedRecoveryConf}`,
    ...targetSettings(stopOfHanded(plan, lastRecordLsn)),
    recovery_target_timeline: String(timelineSetting(plan)),
    recovery_target_action: action,
    // Off: it takes connections when it is promoted, and settings of the source that WAL asks for do not stop it.
    hot_standby: action === 'pause' ? 'on' : 'off',
  };
  return `# Written by odo. The server removes this file when recovery has ended.\n${formatSettings(settings)}`;
}

/** The last valid record is known from the archive before, of WAL that came with the backup only now. */
export function stopOfHanded(
  plan: Pick<RestorePlan, 'recovery'>,
  lastRecordLsn: string | null,
): RecoveryTarget {
  const { stop } = recoveryOf(plan);
  return stop.kind === 'end' && lastRecordLsn !== null
    ? { kind: 'lsn', lsn: lastRecordLsn, inclusive: true }
    : stop;
}

const includeLine = `include_if_exists = '${handedRecoveryConf}'\n`;

/** Last, so that it counts. */
export function withInclude(autoConf: string): string {
  const text = withoutInclude(autoConf);
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${includeLine}`;
}

export const withoutInclude = (autoConf: string): string => autoConf.replace(includeLine, '');
