import { fenced, inline, table } from './markdown.ts';
import { type DrillSummary, summaryCells, summaryHeadline } from './summary.ts';
import { formatTime } from './text.ts';
import { verdictWords } from './words.ts';

/** The summary as GitHub and GitLab draw it, with links to each database's own reports. */
export function summaryMarkdown(summary: DrillSummary): string {
  const { entries } = summary;
  const rows = entries.map((entry) => {
    const { rto, rpo, finding, run } = summaryCells(entry);
    const verdict = entry.verdict === 'failed' ? 'FAILED' : verdictWords[entry.verdict];
    return [entry.database, verdict, rto, rpo, finding, run];
  });
  const links = entries.flatMap(({ database, reports }) =>
    reports.length === 0 ? [] : [`- ${inline(database)}: ${reports.map(link).join(', ')}`],
  );
  const next = entries.flatMap((entry) => entry.next ?? []);
  return `${[
    `# ${verdictWords[summary.verdict]}: Recovery drills`,
    `${summaryHeadline(summary)}.`,
    `${formatTime(summary.startedAt)} to ${formatTime(summary.endedAt)}`,
    table(['Database', 'Verdict', 'RTO', 'RPO', 'Found', 'Run'], rows),
    ...(links.length === 0 ? [] : [`## Reports\n\n${links.join('\n')}`]),
    ...(next.length === 0 ? [] : [`## What goes on with them\n\n${fenced(next.join('\n'))}`]),
  ].join('\n\n')}\n`;
}

const link = (file: string): string => `[${inline(file)}](<${encodeURI(file)}>)`;
