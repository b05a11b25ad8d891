import { type DrillSummary, type SummaryEntry, summaryCells, summaryHeadline } from '../summary.ts';
import { formatTime } from '../text.ts';
import { verdictWords } from '../words.ts';
import { favicon, icon } from './icons.ts';
import { html, type Markup } from './markup.ts';
import { policy } from './page.ts';
import { styles } from './styles.ts';
import { scrollingTable } from './tables.ts';

/** One page for the drills of several databases; it loads nothing, and links to their own reports beside it. */
export function summaryHtml(summary: DrillSummary): string {
  const { verdict, entries } = summary;
  const next = entries.filter((entry) => entry.next !== null);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${verdictWords[verdict]}: recovery drills, ${formatTime(summary.startedAt)}</title>
${favicon(verdict)}
<style>${styles}</style>
</head>
<body>
<header class="banner ${verdict}"><div class="wide">
<p class="subject">Recovery drills</p>
<h1>${icon(verdict)} ${verdictWords[verdict]}</h1>
<p class="headline">${summaryHeadline(summary)}.</p>
<p class="stamp">${formatTime(summary.startedAt)} to ${formatTime(summary.endedAt)}</p>
</div></header>
<main class="wide">
<section aria-labelledby="databases"><h2 id="databases">Databases</h2><div>${scrollingTable(
    'Drills in the order of the settings',
    [
      { title: 'Database' },
      { title: 'Verdict' },
      { title: 'RTO', numeric: true },
      { title: 'RPO', numeric: true },
      { title: 'Found', prose: true },
      { title: 'Run' },
      { title: 'Report' },
    ],
    entries.map(row),
  )}</div></section>
${
  next.length === 0
    ? null
    : html`<section class="findings state" aria-labelledby="next"><h2 id="next">To go on</h2><div>${next.map((entry) => html`<p class="next">${entry.database}: <code>${entry.next}</code></p>\n`)}</div></section>`
}
</main>
</body>
</html>
`.text;
}

function row(entry: SummaryEntry): (Markup | string)[] {
  const { rto, rpo, finding, run } = summaryCells(entry);
  const verdict = html`<span class="${entry.verdict}"><span class="outcome">${icon(entry.verdict)} ${verdictWords[entry.verdict]}</span></span>`;
  const reports = html`${entry.reports.map((file) => html`<a href="${encodeURI(file)}">${file}</a> `)}`;
  return [entry.database, verdict, rto, rpo, finding, run, reports];
}
