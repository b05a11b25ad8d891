import type { BackupFormat } from '../backup-format.ts';
import { listBaseBackups } from './catalogue.ts';
import { inspectBaseBackup } from './contents.ts';
import { formOf } from './find-folders.ts';
import { inspectPlainBackup } from './plain-contents.ts';

export const pgBasebackup: BackupFormat = {
  name: 'pg-basebackup',
  list: listBaseBackups,
  inspect: async (storage, backup, signal, wal) =>
    (await formOf(storage, backup.folder, signal)) === 'tar'
      ? inspectBaseBackup(storage, backup, signal, wal)
      : inspectPlainBackup(storage, backup, signal, wal),
};
