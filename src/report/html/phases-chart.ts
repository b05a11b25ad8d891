import { plural } from '../text.ts';
import { formatDuration } from '../units.ts';
import { attemptWords } from '../words.ts';
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
  const interrupted = spans.filter(({ span }) => span.outcome === 'interrupted' || span.outcome === 'failed');
  return html`<figure class="gantt" style="--rows:${rows.length}">
<ol class="names" aria-hidden="true">${rows.map((row) => html`<li><span>${row.title}</span> <span class="num">${formatDuration(workOf(row))}</span></li>`)}</ol>
<svg role="img" aria-labelledby="phases-title phases-desc" width="100%" height="100%">
<title id="phases-title">When each phase ran</title>
<desc id="phases-desc">${rows.map(described).join('; ')}.</desc>
<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/><rect class="hatch-line" width="2.5" height="6"/></pattern></defs>
${timeGrid(scale)}
${rows.map((row, index) => row.spans.map((span) => bar(span, index, rows.length, scale)))}
</svg>
${timeLabels(scale)}
<figcaption>Time of work since the run began.${legend(interrupted.length > 0, scale)}</figcaption>
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

/** What is too short to be seen is drawn as a line of three pixels. */
function bar({ span, beginMs, endMs }: DrawnSpan, row: number, rows: number, scale: TimeScale): Markup {
  const left = scale.at(beginMs);
  const place = html`x="${percent(Math.min(left, 0.997))}" y="${percent((row + 0.56) / rows)}" height="${percent(0.34 / rows)}"`;
  const width = scale.at(endMs) - left;
  const title = html`<title>${span.title}, attempt ${span.attempt}: ${attemptWords[span.outcome]} after ${formatDuration(endMs - beginMs)}</title>`;
  return html`<rect class="bar ${span.outcome}" ${place} width="${width < 0.003 ? '3' : percent(width)}" rx="2">${title}</rect>`;
}

function legend(broken: boolean, scale: TimeScale): Markup {
  return html`${broken ? html` <span class="key"><svg width="22" height="10" aria-hidden="true" focusable="false"><rect class="bar interrupted" width="22" height="10" rx="2"/></svg> interrupted or failed attempt</span>` : null}${
    scale.pauses.length > 0
      ? html` <span class="key"><svg width="22" height="10" aria-hidden="true" focusable="false"><rect class="pause" width="22" height="10"/></svg> no odo worked on it: ${scale.pauses.map(({ beginMs, endMs }) => formatDuration(endMs - beginMs)).join(', ')}; drawn short</span>`
      : null
  }`;
}
