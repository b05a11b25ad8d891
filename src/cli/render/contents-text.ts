import type { BackupContents } from '../../backup/base-backup.ts';
import { formatVersionNumber } from '../../postgres/server-version.ts';
import { dataRows } from '../../run/plan-rows/data-rows.ts';
import type { Row } from '../../run/plan-rows/row.ts';
import { walText } from '../../run/plan-rows/wal-rows.ts';
import { labelled } from './text.ts';
import { formatTime } from './units.ts';

/** Everything that a restore would find in one backup. */
export function contentsText(contents: BackupContents, width: number): string[] {
  const { backup, problems, warnings } = contents;
  const version =
    backup.serverVersion == null
      ? backup.serverMajor
      : `${formatVersionNumber(backup.serverVersion)} (${backup.serverVersion})`;
  const rows: (Row | null)[] = [
    ['backup', `${backup.id}${backup.name === null ? '' : `, name ${backup.name}`}`],
    backup.server === null ? null : ['server', backup.server],
    ['restorable', problems.length === 0 ? 'yes' : 'no'],
    ...problems.map((problem): Row => ['', `${problem.message} ${problem.hint ?? ''}`]),
    ['format', `${backup.format}, in ${backup.folder === '' ? '.' : backup.folder}`],
    version === null ? null : ['version', `PostgreSQL ${version}`],
    backup.systemIdentifier === null ? null : ['system id', backup.systemIdentifier],
    backup.startedAt === null ? null : ['started', formatTime(backup.startedAt)],
    backup.finishedAt === null ? null : ['finished', formatTime(backup.finishedAt)],
    backup.timeline === null ? null : ['timeline', String(backup.timeline)],
    backup.beginLsn === null ? null : ['positions', `${backup.beginLsn} to ${backup.endLsn ?? 'unknown'}`],
    ...dataRows(contents),
    ...backup.tablespaces.map(
      ({ oid, name, location }): Row => [
        'tablespace',
        `${oid}${name === null ? '' : ` ${name}`}${location === null ? '' : `, was at ${location}`}`,
      ],
    ),
    ['manifest', contents.manifestKey ?? 'none: files are checked for completeness, not for content'],
    ['WAL', walText(contents.wal)],
    ...warnings.map((warning): Row => ['warning', warning]),
  ];
  return rows
    .filter((row) => row !== null)
    .flatMap(([label, text]) => labelled(label, text, { labelWidth: 12, width }));
}
