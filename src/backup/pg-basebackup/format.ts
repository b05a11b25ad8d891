import type { BackupFormat } from '../backup-format.ts';
import { listBaseBackups } from './catalogue.ts';
import { inspectBaseBackup } from './contents.ts';
import { formOf } from './find-folders.ts';
import { inspectChain } from './links.ts';
import { inspectPlainBackup } from './plain-contents.ts';

export const pgBasebackup: BackupFormat = {
  name: 'pg-basebackup',
  list: listBaseBackups,
  inspect: async (storage, backup, signal, wal, wanted) => {
    const inspectOne =
      (await formOf(storage, backup.folder, signal)) === 'tar' ? inspectBaseBackup : inspectPlainBackup;
    return inspectChain(storage, await inspectOne(storage, backup, signal, wal, wanted), signal);
  },
};
