import { type DrillSummary, type SummaryEntry, summaryCells, summaryHeadline } from '../summary.ts';
import { formatTime } from '../text.ts';
import { verdictWords } from '../words.ts';
import { banner } from './banner.ts';
import { htmlDocument } from './document.ts';
import { icon } from './icons.ts';
import { html, type Markup } from './markup.ts';

/** One page for the drills of several databases; it loads nothing, and links to their own reports beside it. */
export function summaryHtml(summary: DrillSummary): string {
  const { verdict, entries } = summary;
  const next = entries.filter((entry) => entry.next !== null);
  return htmlDocument({
    title: `${verdictWords[verdict]}: recovery drills, ${formatTime(summary.startedAt)}`,
    verdict,
    body: html`${banner({ verdict, subject: 'Recovery drills', headline: `${summaryHeadline(summary)}.`, stamp: `${formatTime(summary.startedAt)} to ${formatTime(summary.endedAt)}` })}
<main class="wide">
<section aria-labelledby="databases"><h2 id="databases">Databases</h2><div>${databaseTable(entries)}</div></section>
${
  next.length === 0
    ? null
    : html`<section class="findings state" aria-labelledby="next"><h2 id="next">To go on</h2><div>${next.map((entry) => html`<p class="next">${entry.database}: <code>${entry.next}</code></p>\n`)}</div></section>`
}
</main>`,
  });
}

/** Looks like the proofs of one drill, also on a phone, where RTO and RPO carry their names themselves. */
const databaseTable = (entries: readonly SummaryEntry[]): Markup =>
  html`<table class="proofs summary" role="table">
<caption>In the order of the settings</caption>
<thead role="rowgroup"><tr role="row">
<th scope="col" role="columnheader">Verdict</th><th scope="col" role="columnheader">Database and what was found</th><th scope="col" role="columnheader" class="num">RTO</th><th scope="col" role="columnheader" class="num">RPO</th>
</tr></thead>
<tbody role="rowgroup">
${entries.map(row)}</tbody>
</table>`;

function row(entry: SummaryEntry): Markup {
  const { rto, rpo, finding, run } = summaryCells(entry);
  const measure = (name: string, value: string): Markup =>
    html`<td role="cell" class="num">${value === '' ? null : html`<span class="label">${name} </span>${value}`}</td>`;
  return html`<tr role="row" class="${entry.verdict}">
<td role="cell" class="outcome">${icon(entry.verdict)} ${verdictWords[entry.verdict]}</td>
<th role="rowheader" scope="row"><span class="proof-title">${entry.database}</span> <span class="proof-summary">${finding}</span> <span class="note">${run} ${entry.reports.map((file) => html`<a href="${encodeURI(file)}">${file}</a> `)}</span></th>
${measure('RTO', rto)}${measure('RPO', rpo)}
</tr>
`;
}
