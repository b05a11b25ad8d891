import type { BackupFormat } from '../backup-format.ts';
import { listWalgBackups } from './catalogue.ts';
import { inspectWalgBackup } from './contents.ts';

export const walG: BackupFormat = {
  name: 'wal-g',
  list: listWalgBackups,
  inspect: inspectWalgBackup,
};
