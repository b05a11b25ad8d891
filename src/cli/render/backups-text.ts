import type { BackupSurvey, SurveyedBackup } from '../../backup/survey-backups.ts';
import { formatVersionNumber } from '../../postgres/server-version.ts';
import { formatBytes } from '../../steps/units.ts';
import { type Column, tableText } from './table-text.ts';
import { indented } from './text.ts';
import { formatTime } from './units.ts';
import { windowsText } from './windows-text.ts';

const timeOf = (time: string | null): string => (time === null ? '' : formatTime(time));
const numberOf = (number: number | null): string => (number === null ? '' : String(number));

/** In one archive of full backups these two say the same on every line. */
const told = { kind: 5, server: 3 } as const;
const untold = { kind: 14, server: 13 } as const;

function columnsFor(all: readonly SurveyedBackup[]): readonly Column<SurveyedBackup>[] {
  const kindRank = all.some(({ kind }) => kind !== 'full') ? told.kind : untold.kind;
  const serverRank = new Set(all.map(({ backup }) => backup.server)).size > 1 ? told.server : untold.server;
  return [
    { title: 'backup', rank: 1, of: ({ backup }) => backup.id },
    { title: 'name', rank: 6, of: ({ backup }) => backup.name ?? '' },
    { title: 'server', rank: serverRank, of: ({ backup }) => backup.server ?? '' },
    { title: 'restorable', rank: 2, of: ({ restorable }) => (restorable ? 'yes' : 'no') },
    { title: 'kind', rank: kindRank, of: ({ kind }) => kind },
    { title: 'started', rank: 16, of: ({ backup }) => timeOf(backup.startedAt) },
    { title: 'finished', rank: 4, of: ({ backup }) => timeOf(backup.finishedAt) },
    { title: 'stored', right: true, rank: 7, of: ({ backup }) => formatBytes(backup.storedBytes) },
    {
      title: 'unpacked',
      right: true,
      rank: 9,
      of: ({ backup }) => (backup.dataBytes === null ? '' : formatBytes(backup.dataBytes)),
    },
    { title: 'codec', rank: 12, of: ({ backup }) => backup.codec ?? '' },
    {
      title: 'version',
      right: true,
      rank: 10,
      of: ({ backup }) =>
        backup.serverVersion == null
          ? numberOf(backup.serverMajor)
          : formatVersionNumber(backup.serverVersion),
    },
    { title: 'timeline', right: true, rank: 11, of: ({ backup }) => numberOf(backup.timeline) },
    { title: 'begin', right: true, rank: 15, of: ({ backup }) => backup.beginLsn ?? '' },
    { title: 'end', right: true, rank: 15, of: ({ backup }) => backup.endLsn ?? '' },
    { title: 'WAL', rank: 8, of: ({ wal }) => wal.state },
    { title: 'kept', rank: 13, of: ({ backup }) => backup.kept ?? '' },
    { title: 'format', rank: 17, of: ({ backup }) => backup.format },
  ];
}

/** What can be restored, a line each, under the others why not, and then which moments can be reached. */
export function backupsText(survey: BackupSurvey, width: number): string[] {
  const { backups } = survey;
  if (backups.length === 0) return ['There is no base backup there.'];
  const table = tableText(backups, columnsFor(backups), width);
  const isNameShown = table.shown.includes('name');
  const windows = windowsText(survey, width);
  return [
    table.head,
    ...backups.flatMap(({ backup, whyNot }, index) => [
      table.lines[index] ?? '',
      ...(backup.name === null || isNameShown ? [] : indented(`name ${backup.name}`, 4, width)),
      ...dependsOnText(backup).flatMap((text) => indented(text, 4, width)),
      ...(whyNot === null ? [] : indented(whyNot, 4, width)),
    ]),
    ...(windows.length === 0 ? [] : ['', ...windows]),
  ];
}

function dependsOnText({ incremental }: SurveyedBackup['backup']): string[] {
  const ids = (incremental?.dependsOn ?? []).map(({ id }) => id);
  return ids.length === 0 ? [] : [`Builds on ${ids.join(', ')}.`];
}
