/** The tables, as Markdown that is aligned for the terminal too. */
import type { Judged } from './claims.ts';
import { type CaseReport, detailOf, type Standing, wallOf } from './rounds.ts';
import { median } from './statistics.ts';

/** The first column is text, the others are figures. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, n) => Math.max(3, title.length, ...rows.map((row) => row[n]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, n) => (cells[n] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

const seconds = (value: number | undefined) => (value === undefined ? '' : value.toFixed(2));

function row(standing: Standing, odoSeconds: number | undefined): string[] {
  const { contender, results } = standing;
  const walls = results.map(({ wallSeconds }) => wallSeconds);
  const wall = wallOf(standing);
  const medianOf = (pick: (result: Standing['results'][number]) => number) => median(results.map(pick));
  return [
    contender.title,
    contender.isDurable ? 'yes' : 'no',
    `${seconds(wall)} (${seconds(Math.min(...walls))}..${seconds(Math.max(...walls))})`,
    odoSeconds === undefined ? '' : (wall / odoSeconds).toFixed(2),
    seconds(medianOf(({ cpuSeconds }) => cpuSeconds)),
    seconds(medianOf(({ storeCpuSeconds }) => storeCpuSeconds)),
    (Math.max(...results.map(({ peakRssBytes }) => peakRssBytes)) / 1e6).toFixed(0),
    seconds(detailOf(standing, 'restoreBase')),
    seconds(detailOf(standing, 'process')),
  ];
}

export function contenderTable({ standings }: CaseReport): string {
  const odo = standings.find(({ contender }) => contender.name === 'odo');
  return markdownTable(
    [
      'contender',
      'durable',
      'wall s, median (min..max)',
      'x odo',
      'CPU s',
      'store CPU s',
      'peak MB',
      'restoreBase s',
      'whole odo s',
    ],
    standings.map((standing) => row(standing, odo && wallOf(odo))),
  );
}

export const claimTable = (judged: readonly Judged[]): string =>
  markdownTable(
    ['odo', 'wanted', 'found', 'verdict'],
    judged.map(({ text, wanted, found, verdict }) => [text, wanted, found, verdict]),
  );

export function noteLines({ standings, absent }: CaseReport): string[] {
  return [
    ...standings.flatMap(({ contender, notes }) => notes.map((note) => `- ${contender.title}: ${note}`)),
    ...absent.map(([title, reason]) => `- ${title}: left out, ${reason}`),
  ];
}

export const caseSummary = ({ backups, treeSize, rounds, hasColdCache }: CaseReport): string =>
  `${treeSize.files.toLocaleString('en')} files, ${(backups.tarBytes / 1e9).toFixed(2)} GB of tar, ` +
  `gzip ${(backups.tarBytes / backups.storedBytes).toFixed(1)} : 1; ${rounds} rounds, ` +
  `${hasColdCache ? 'the page cache dropped before each restore' : 'page cache warm: it cannot be dropped here'}.`;
