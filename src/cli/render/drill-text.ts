import type { RunReport } from '../../report/run-report.ts';
import { indented, printable } from './text.ts';
import { formatDuration } from './units.ts';

const shownFindings = 10;

/** What a drill has come to, how it stands in `where` (`in 5 m 20 s`, `kept`), and how the database is to be had in time. */
export function drillText(report: RunReport, where: string, width: number): string[] {
  const { runId, verdict, headline, findings, measures } = report;
  const more = findings.length - shownFindings;
  const what =
    verdict === 'passed'
      ? [headline]
      : [
          ...findings.slice(0, shownFindings).map(({ message }) => message),
          ...(more > 0 ? [`and ${more} more, in the report`] : []),
        ];
  return [
    `Drill ${runId} ${verdict === 'passed' ? 'passed' : 'FAILED'}, ${where}.`,
    ...what.flatMap((line) => indented(printable(line), 2, width)),
    ...measureLine('RTO', measures.rtoMs, measures.maxRtoMs),
    ...measureLine('RPO', measures.rpoMs, measures.maxRpoMs),
  ];
}

function measureLine(name: string, ms: number | null, maxMs: number | null): string[] {
  if (ms === null) return [];
  const limit = maxMs === null ? '' : `, and may be ${formatDuration(maxMs)}`;
  return [`  ${name}  ${formatDuration(ms)}${limit}`];
}
