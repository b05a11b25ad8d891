import type { BackupLabel } from '../../postgres/backup-label.ts';
import type { BaseBackup } from '../base-backup.ts';

/** What a label says of the backup before; nothing for a full backup. */
export const incrementalFactsOf = ({
  incrementalFromLsn: fromLsn,
  incrementalFromTimeline: fromTimeline,
}: BackupLabel): Pick<BaseBackup, 'incremental'> =>
  fromLsn === null || fromTimeline === null ? {} : { incremental: { fromLsn, fromTimeline, dependsOn: [] } };
