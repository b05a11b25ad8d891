import { stopLines } from '../facts.ts';
import type { RunReport } from '../run-report.ts';
import { plural } from '../text.ts';
import { html, type Markup } from './markup.ts';
import { proofAnchor } from './proof-table.ts';

/** What is wrong and what to do; null when there is nothing. */
export function findings(report: RunReport): Markup | null {
  const { next } = report;
  const stopped = stopLines(report);
  if (report.findings.length === 0 && stopped.length === 0 && next === null) return null;
  return html`<section class="findings${report.findings.length === 0 ? ' state' : ''}" aria-labelledby="findings"><h2 id="findings">${report.findings.length === 0 ? 'State' : plural(report.findings.length, 'finding')}</h2><div>
${report.findings.length === 0 ? null : html`<ol>${report.findings.map((found) => finding(report, found))}</ol>`}
${stopped.length === 0 ? null : html`<div class="stopped">${stopped.map((line) => html`<p>${line}</p>`)}</div>`}
${next === null ? null : html`<p class="next">To go on: <code>${next}</code></p>`}
</div></section>`;
}

function finding({ proofs }: RunReport, { about, message }: RunReport['findings'][number]): Markup {
  const index = proofs.findIndex((proof) => proof.id === about);
  const what = index < 0 ? about : html`<a href="#${proofAnchor(index)}">${about}</a>`;
  return html`<li><p>${message}</p> <p class="about">${what}</p></li>\n`;
}
