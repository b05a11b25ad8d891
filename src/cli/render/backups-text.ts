import type { BaseBackup } from '../../backup/base-backup.ts';
import { formatBytes } from '../../steps/units.ts';
import { indented, printable } from './text.ts';
import { formatTime } from './units.ts';

/** What can be restored, a line each, and under the others why not. */
export function backupsText(backups: readonly BaseBackup[], width: number): string[] {
  if (backups.length === 0) return ['There is no base backup there.'];
  const columns: readonly { title: string; right?: true; of: (backup: BaseBackup) => string }[] = [
    { title: 'backup', of: ({ id }) => id },
    { title: 'name', of: ({ name }) => name ?? '' },
    { title: 'server', of: ({ server }) => server ?? '' },
    { title: 'kind', of: ({ incremental }) => (incremental === undefined ? '' : 'incremental') },
    { title: 'status', of: ({ status }) => status },
    { title: 'finished', of: ({ finishedAt }) => (finishedAt === null ? '' : formatTime(finishedAt)) },
    { title: 'stored', right: true, of: ({ storedBytes }) => formatBytes(storedBytes) },
    {
      title: 'unpacked',
      right: true,
      of: ({ dataBytes }) => (dataBytes === null ? '' : formatBytes(dataBytes)),
    },
    {
      title: 'major',
      right: true,
      of: ({ serverMajor }) => (serverMajor === null ? '' : String(serverMajor)),
    },
    { title: 'timeline', right: true, of: ({ timeline }) => (timeline === null ? '' : String(timeline)) },
    { title: 'format', of: ({ format }) => format },
  ];
  const filled = columns
    .map((column) => ({ ...column, cells: backups.map((backup) => printable(column.of(backup))) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const line = (index: number | null): string =>
    filled
      .map(({ title, right, cells }) => {
        const columnWidth = Math.max(title.length, ...cells.map((cell) => cell.length));
        const cell = index === null ? title : (cells[index] ?? '');
        return right ? cell.padStart(columnWidth) : cell.padEnd(columnWidth);
      })
      .join('  ')
      .trimEnd();
  return [
    line(null),
    ...backups.flatMap(({ problem, incremental }, index) => [
      line(index),
      ...dependsOnText(incremental).flatMap((text) => indented(text, 4, width)),
      ...(problem === null ? [] : indented(problem, 4, width)),
    ]),
  ];
}

function dependsOnText(incremental: BaseBackup['incremental']): string[] {
  const ids = (incremental?.dependsOn ?? []).map(({ id }) => id);
  return ids.length === 0 ? [] : [`Builds on ${ids.join(', ')}.`];
}
