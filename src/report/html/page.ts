import { environmentFacts, runFacts } from '../facts.ts';
import type { RunReport } from '../run-report.ts';
import { formatTime } from '../text.ts';
import { subjectOf, verdictWords } from '../words.ts';
import { eventList } from './event-list.ts';
import { banner, findings } from './head.ts';
import { favicon } from './icons.ts';
import { type Content, html, Markup } from './markup.ts';
import { measureTiles } from './measure-tiles.ts';
import { patterns } from './patterns.ts';
import { phasesSection } from './phases-section.ts';
import { planLists } from './plan-lists.ts';
import { proofTables } from './proof-table.ts';
import { replayChart } from './replay-chart.ts';
import { styles } from './styles.ts';
import { factList } from './tables.ts';
import { throughputChart } from './throughput-chart.ts';
import { drawnSpans, timeScale } from './time-scale.ts';
import { trendSection } from './trend-section.ts';

/** Nothing is loaded and nothing runs: whoever opens the page, wherever it lies, tells nobody. */
export const policy = new Markup(
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
);

/** One page that holds everything, to be opened from a disk or a web server, mailed or printed. */
export function reportHtml(report: RunReport): string {
  const spans = drawnSpans(report);
  const scale = timeScale(spans);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${verdictWords[report.verdict]}: ${subjectOf(report)}, ${formatTime(report.startedAt)}</title>
${favicon(report.verdict)}
<style>${styles}</style>
</head>
<body>
${patterns}
${banner(report)}
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
<footer class="wide"><p>Made by odo ${report.environment.odoVersion} from the journal of run ${report.runId}.</p></footer>
</body>
</html>
`.text;
}

/** Left out when there is nothing to show. */
const section = (id: string, title: string, content: Content): Markup | null =>
  content === null
    ? null
    : html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2><div>${content}</div></section>`;

const nothing = (text: string): Markup => html`<p class="nothing">${text}</p>`;
