import { plural } from '../text.ts';
import { formatDuration } from '../units.ts';
import { attemptWords } from '../words.ts';
import { barKey } from './chart-key.ts';
import { html, type Markup } from './markup.ts';
import { percent, timeGrid, timeLabels } from './time-axis.ts';
import type { DrawnSpan, TimeScale } from './time-scale.ts';

interface Row {
  readonly title: string;
  readonly spans: DrawnSpan[];
}

/**
 * A row for each phase, a bar for each attempt. All lengths are percentages, so that the same drawing is readable on a
 * phone, where the names stand over the bars instead of beside them.
 */
export function phasesChart(spans: readonly DrawnSpan[], scale: TimeScale): Markup {
  const rows = rowsOf(spans);
  return html`<figure class="gantt" style="--rows:${rows.length}">
<ol class="names" aria-hidden="true">${rows.map((row) => html`<li><span>${row.title}</span> <span class="num">${formatDuration(workOf(row))}</span></li>`)}</ol>
<svg role="img" aria-labelledby="phases-title phases-desc" width="100%" height="100%">
<title id="phases-title">When each phase ran</title>
<desc id="phases-desc">${rows.map(described).join('; ')}.</desc>
${timeGrid(scale)}
${rows.map((row, index) => row.spans.map((span) => bar(span, index, rows.length, scale)))}
</svg>
${timeLabels(scale)}
<figcaption><span class="key">Time of work since the run began.</span> ${legend(spans, scale)}</figcaption>
</figure>`;
}

function rowsOf(spans: readonly DrawnSpan[]): Row[] {
  const rows = new Map<string, Row>();
  for (const drawn of spans) {
    const row = rows.get(drawn.span.phase);
    if (row) row.spans.push(drawn);
    else rows.set(drawn.span.phase, { title: drawn.span.title, spans: [drawn] });
  }
  return [...rows.values()];
}

const workOf = (row: Row): number => row.spans.reduce((sum, { beginMs, endMs }) => sum + endMs - beginMs, 0);

function described(row: Row): string {
  const last = row.spans.at(-1)?.span.outcome ?? 'completed';
  const attempts = row.spans.length === 1 ? '' : ` in ${plural(row.spans.length, 'attempt')}`;
  return `${row.title}: ${formatDuration(workOf(row))}${attempts}, ${attemptWords[last]}`;
}

/** Of the width: what is shorter is drawn so long, to be seen. */
const shortest = 0.008;

function bar({ span, beginMs, endMs }: DrawnSpan, row: number, rows: number, scale: TimeScale): Markup {
  const left = Math.min(scale.at(beginMs), 1 - shortest);
  const width = Math.max(shortest, scale.at(endMs) - left);
  return html`<rect class="bar ${span.outcome}" x="${percent(left)}" y="${percent((row + 0.56) / rows)}" width="${percent(width)}" height="${percent(0.34 / rows)}" rx="2"><title>${span.title}, attempt ${span.attempt}: ${attemptWords[span.outcome]} after ${formatDuration(endMs - beginMs)}</title></rect>`;
}

/** Of what differs from a completed attempt, as far as it occurs. */
function legend(spans: readonly DrawnSpan[], { pauses }: TimeScale): Markup {
  const outcomes = (['failed', 'interrupted', 'running'] as const).filter((outcome) =>
    spans.some(({ span }) => span.outcome === outcome),
  );
  const lengths = pauses.map(({ beginMs, endMs }) => formatDuration(endMs - beginMs)).join(', ');
  return html`${outcomes.map((outcome) => barKey(`bar ${outcome}`, attemptWords[outcome]))}${
    pauses.length > 0 ? barKey('pause', `nobody worked on it, drawn short: ${lengths}`) : null
  }`;
}
