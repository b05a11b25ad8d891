import { formatDuration, formatRoundDuration } from '../units.ts';
import { drawn, html, type Markup } from './markup.ts';
import type { TimeScale } from './time-scale.ts';

/** Lines of the time of work through the whole height of a drawing, and the pauses as shaded stripes. */
export function timeGrid(scale: TimeScale): Markup {
  return html`${scale.pauses.map(({ beginMs, endMs }) => {
    const left = scale.at(beginMs);
    return html`<rect class="pause" x="${percent(left)}" width="${percent(scale.at(endMs) - left)}" height="100%"><title>no odo worked on it for ${formatDuration(endMs - beginMs)}</title></rect>`;
  })}${scale.ticks.map(({ at }) => html`<line class="grid" x1="${percent(at)}" x2="${percent(at)}" y1="0" y2="100%"/>`)}`;
}

/** The numbers under it. The last ones are drawn to their left, or they would leave the page. */
export function timeLabels(scale: TimeScale): Markup {
  return html`<svg class="axis" width="100%" height="18" aria-hidden="true" focusable="false">${scale.ticks.map(
    ({ at, workedMs }) =>
      html`<text x="${percent(at)}" y="14" text-anchor="${at < 0.04 ? 'start' : at > 0.93 ? 'end' : 'middle'}">${formatRoundDuration(workedMs)}</text>`,
  )}</svg>`;
}

export const percent = (share: number): string => `${drawn(share * 100)}%`;
