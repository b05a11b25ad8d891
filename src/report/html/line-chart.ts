import { type Content, drawn, html, type Markup } from './markup.ts';
import { percent } from './time-axis.ts';

/** Both from 0 to 1, from the lower left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  /** `line-1` … `line-3`: colour and dashes differ. */
  readonly style: string;
  /** Pieces that are not connected. */
  readonly pieces: readonly (readonly Point[])[];
  /** Fill what is under it. */
  readonly area: boolean;
}

export interface ChartFrame {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly lines: readonly Line[];
  /** Of the vertical axis, from 0 to 1. */
  readonly marks: readonly { readonly at: number; readonly text: string }[];
  /** Drawn under the lines. */
  readonly grid: Content;
  /** Under the drawing: numbers of the horizontal axis and what the lines are. */
  readonly foot: Content;
}

/**
 * Lines in a box as wide as the page. They are stretched with it, their strokes and all text are not: the drawing is one
 * SVG of percentages with a stretched one in it.
 */
export function lineChart(frame: ChartFrame): Markup {
  return html`<figure class="chart timed">
<svg class="plot" role="img" aria-labelledby="${frame.id}-title ${frame.id}-desc" width="100%" height="180">
<title id="${frame.id}-title">${frame.title}</title>
<desc id="${frame.id}-desc">${frame.description}</desc>
${frame.grid}
${frame.marks.map(({ at }) => html`<line class="grid" x1="0" x2="100%" y1="${percent(1 - at)}" y2="${percent(1 - at)}"/>`)}
<svg viewBox="0 0 1000 180" width="100%" height="180" preserveAspectRatio="none">${frame.lines.map(drawnLine)}</svg>
${frame.marks.filter(({ at }) => at > 0).map(({ at, text }) => html`<text x="0" y="${percent(1 - at)}" dy="-5">${text}</text>`)}
</svg>
${frame.foot}
</figure>`;
}

function drawnLine({ pieces, area, style }: Line): Markup {
  const pathOf = (points: readonly Point[]): string =>
    points
      .map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${drawn(x * 1000)} ${drawn((1 - y) * 180)}`)
      .join('');
  return html`${pieces.map((points) => {
    const path = pathOf(points);
    const [first, last] = [points[0], points.at(-1)];
    const under =
      area && first && last
        ? html`<path class="area ${style}" d="${path}L${drawn(last.x * 1000)} 180L${drawn(first.x * 1000)} 180Z"/>`
        : null;
    return html`${under}<path class="line ${style}" d="${path}" vector-effect="non-scaling-stroke"/>`;
  })}`;
}

const factors = [1, 2, 4, 6, 8, 10, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 400, 500, 600, 800, 1024];

/** Of bytes: the round number of its unit above the highest value. */
export function roundedTop(highest: number): number {
  if (highest <= 0) return 1;
  const unit = 1024 ** Math.floor(Math.log(highest) / Math.log(1024));
  return (factors.find((factor) => factor * unit >= highest) ?? 1024) * unit;
}
