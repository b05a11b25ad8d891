import {
  type DrillSummary,
  type SummaryEntry,
  summaryCells,
  summaryHeadline,
} from '../../../report/summary.ts';
import type { Output } from '../../host.ts';
import { tableText } from '../table-text.ts';
import { cut } from '../text.ts';
import { verdictWords } from './ended-text.ts';

/** The table at the end of drills of several databases. */
export function summaryText(summary: DrillSummary, { columns, isTerminal }: Output): string[] {
  const cell = (key: keyof ReturnType<typeof summaryCells>) => (entry: SummaryEntry) =>
    summaryCells(entry)[key];
  const { head, lines } = tableText(
    summary.entries,
    [
      { title: 'database', rank: 1, of: ({ database }) => database },
      { title: 'verdict', rank: 2, of: ({ verdict }) => verdictWords[verdict] },
      { title: 'RTO', rank: 4, right: true, of: cell('rto') },
      { title: 'RPO', rank: 5, right: true, of: cell('rpo') },
      { title: 'run', rank: 3, of: cell('run') },
      { title: 'found', rank: 6, of: cell('finding') },
    ],
    Number.MAX_SAFE_INTEGER,
  );
  // The sentence at the end of a line is cut where it has no room; in a log it is whole.
  const fitted = [head, ...lines].map((line) => (isTerminal ? cut(line, columns() - 1) : line));
  return [...fitted, '', `${summaryHeadline(summary)}.`];
}
