import { knownDuration } from '../facts.ts';
import type { TrendPoint, Verdict } from '../run-report.ts';
import { formatTime } from '../text.ts';
import { formatDuration, formatRoundDuration } from '../units.ts';
import { verdictWords } from '../words.ts';
import { html, type Markup } from './markup.ts';
import { percent } from './time-axis.ts';

interface TrendChart {
  readonly id: string;
  readonly title: string;
  readonly points: readonly (TrendPoint & { readonly ms: number | null })[];
  readonly limitMs: number | null;
}

/** So many bars are still wider than their gaps on a phone. */
const mostBars = 60;

/** A bar for each drill, the newest at the right; a failed one is hatched, an unknown one a dot on the ground. */
export function trendChart({ id, title, points, limitMs }: TrendChart): Markup {
  const shown = points.slice(-mostBars);
  const known = shown.flatMap(({ ms }) => (ms === null ? [] : [ms]));
  const highest = topOf(known, limitMs);
  const last = shown.at(-1)?.ms ?? null;
  const width = 1 / Math.max(shown.length, 8);
  const limitAt = limitMs === null ? null : 1 - limitMs / highest;
  const words = `${known.length === 0 ? 'never known' : `between ${formatDuration(Math.min(...known))} and ${formatDuration(Math.max(...known))}`}; now ${knownDuration(last)}${limitMs === null ? '' : `; the limit is ${formatRoundDuration(limitMs)}`}`;
  return html`<figure class="chart trend">
<h3>${title}</h3>
<svg class="plot" role="img" aria-labelledby="${id}-title ${id}-desc" width="100%" height="120">
<title id="${id}-title">${title} of the last ${shown.length} drills</title>
<desc id="${id}-desc">${words}.</desc>
${shown.map((point, index) => bar(point, index * width, width, highest, index === shown.length - 1))}
<line class="ground" x1="0" x2="100%" y1="100%" y2="100%"/>
${limitAt === null ? null : html`<line class="line line-limit" x1="0" x2="100%" y1="${percent(limitAt)}" y2="${percent(limitAt)}"/>`}
</svg>
<figcaption>${words}</figcaption>
</figure>`;
}

/** One value far over the limit would flatten all others: it is drawn three limits high, and said in words. */
function topOf(known: readonly number[], limitMs: number | null): number {
  const highest = Math.max(1, limitMs ?? 0, ...known);
  return (limitMs === null || limitMs === 0 ? highest : Math.min(highest, limitMs * 3)) * 1.15;
}

const classes = { passed: 'completed', failed: 'failed', unfinished: 'running' } as const satisfies Record<
  Verdict,
  string
>;

function bar(
  point: TrendPoint & { readonly ms: number | null },
  left: number,
  width: number,
  highest: number,
  now: boolean,
): Markup {
  const said = html`<title>${formatTime(point.startedAt)}: ${knownDuration(point.ms)}, ${verdictWords[point.verdict]}</title>`;
  if (point.ms === null)
    return html`<circle class="unknown" cx="${percent(left + width / 2)}" cy="96%" r="2.5">${said}</circle>`;
  const height = Math.min(1, Math.max(0.01, point.ms / highest));
  return html`<rect class="bar ${classes[point.verdict]}${now ? ' now' : ''}" x="${percent(left + width * 0.15)}" width="${percent(width * 0.7)}" y="${percent(1 - height)}" height="${percent(height)}">${said}</rect>`;
}
