import type { BackupFormat } from '../backup-format.ts';
import { listBarmanBackups } from './catalogue.ts';
import { inspectBarmanBackup } from './contents.ts';

export const barmanCloud: BackupFormat = {
  name: 'barman-cloud',
  list: listBarmanBackups,
  inspect: inspectBarmanBackup,
};
