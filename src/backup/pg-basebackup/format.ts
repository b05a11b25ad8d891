import type { BackupFormat } from '../backup-format.ts';
import { listBaseBackups } from './catalogue.ts';
import { inspectBaseBackup } from './contents.ts';

export const pgBasebackup: BackupFormat = {
  name: 'pg-basebackup',
  list: listBaseBackups,
  inspect: inspectBaseBackup,
};
