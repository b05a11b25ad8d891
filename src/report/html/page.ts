import { environmentFacts, runFacts } from '../facts.ts';
import type { RunReport } from '../run-report.ts';
import { formatTime } from '../text.ts';
import { subjectOf, verdictWords } from '../words.ts';
import { banner } from './banner.ts';
import { htmlDocument } from './document.ts';
import { eventList } from './event-list.ts';
import { findings } from './findings.ts';
import { type Content, html, type Markup } from './markup.ts';
import { measureTiles } from './measure-tiles.ts';
import { phasesSection } from './phases-section.ts';
import { planLists } from './plan-lists.ts';
import { proofTables } from './proof-table.ts';
import { replayChart } from './replay-chart.ts';
import { factList } from './tables.ts';
import { throughputChart } from './throughput-chart.ts';
import { drawnSpans, timeScale } from './time-scale.ts';
import { trendSection } from './trend-section.ts';

/** All that is said about a run, the verdict first. */
export function reportHtml(report: RunReport): string {
  const spans = drawnSpans(report);
  const scale = timeScale(spans);
  return htmlDocument({
    title: `${verdictWords[report.verdict]}: ${subjectOf(report)}, ${formatTime(report.startedAt)}`,
    verdict: report.verdict,
    body: html`${banner({ verdict: report.verdict, subject: subjectOf(report), headline: report.headline, stamp: `${formatTime(report.startedAt)} · run ${report.runId}` })}
<main class="wide">
${findings(report)}
${section('measures', 'Measures', measureTiles(report))}
${section('proofs', 'Proofs', report.proofs.length === 0 ? nothing('Nothing was proved.') : proofTables(report.proofs))}
${section('phases', 'Phases', scale === null ? nothing('No phase was worked on.') : phasesSection(report, spans, scale))}
${scale === null ? null : section('throughput', 'Throughput', throughputChart(report, spans, scale))}
${scale === null ? null : section('replay', 'Replay', replayChart(report, spans, scale))}
${section('trend', 'Past drills', trendSection(report))}
${section('run', 'Run', factList(runFacts(report)))}
${section('plan', 'Plan', planLists(report))}
${section('events', 'Events', eventList(report.events))}
${section('environment', 'Environment', factList(environmentFacts(report)))}
</main>
<footer class="wide"><p>Made by odo ${report.environment.odoVersion} from the journal of run ${report.runId}.</p></footer>`,
  });
}

/** Left out when there is nothing to show. */
const section = (id: string, title: string, content: Content): Markup | null =>
  content === null
    ? null
    : html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2><div>${content}</div></section>`;

const nothing = (text: string): Markup => html`<p class="nothing">${text}</p>`;
