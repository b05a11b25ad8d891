/** Restores of the tools that made the backup. */
import { barmanPrefix, barmanServer, bucket } from '../backups.ts';
import { pgbackrestArgs } from '../pgbackrest-args.ts';
import { programs } from '../programs.ts';
import { shellContender } from './shell.ts';

export const backupTools = [
  shellContender({
    name: 'barman',
    title: '`barman-cloud-restore`',
    // It leaves its writes to the page cache.
    isDurable: false,
    tree: 'similar',
    script: ({ backups }) =>
      `${programs.barmanRestore} --endpoint-url "$endpoint" s3://${bucket}/${barmanPrefix} ${barmanServer} ${backups.barmanId} "$tree"`,
  }),
  shellContender({
    name: 'pgbackrest',
    title: '`pgbackrest restore --process-max=2`',
    // It syncs every file and directory.
    isDurable: true,
    tree: 'similar',
    script: ({ backups, directory }) =>
      `${programs.pgbackrest} ${pgbackrestArgs(backups.pgbackrestRepo, `${directory}/data`).join(' ')} --process-max=2 restore`,
  }),
];
