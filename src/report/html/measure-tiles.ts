import { amountRows, type MeasureLimit, type MeasureRow, objectiveRows } from '../measure-rows.ts';
import type { RunReport } from '../run-report.ts';
import { icon } from './icons.ts';
import { drawn, html, type Markup } from './markup.ts';

/** The two objectives large, with their limits; what was counted beside them small; what got worse below. */
export function measureTiles(report: RunReport): Markup {
  const { regressions } = report.measures;
  return html`<div class="tiles">${objectiveRows(report).map(tile)}</div>
<dl class="amounts">${amountRows(report).map(({ name, value, note }) => html`<div><dt>${name}</dt><dd>${value}<span class="note">${note}</span></dd></div>\n`)}</dl>
${regressions.length === 0 ? null : html`<ul class="regressions">${regressions.map((found) => html`<li>${icon('warning')} ${found.message}</li>\n`)}</ul>`}`;
}

function tile({ name, value, limit, note }: MeasureRow): Markup {
  return html`<div class="tile ${limit?.kept ?? 'none'}"><h3>${name}</h3><p class="value">${value}</p>
${limit === null ? html`<p class="limit">no limit was set</p>` : limitLine(limit)}
<p class="note">${note}</p></div>\n`;
}

const keptWords = { kept: 'within', exceeded: 'over', unknown: 'nothing to hold against' } as const;
const keptSigns = { kept: 'passed', exceeded: 'failed', unknown: 'unfinished' } as const;

/** A bar of how much of the limit is used, the limit itself a mark on it when it is exceeded. */
function limitLine({ kept, text, share }: MeasureLimit): Markup {
  const whole = Math.max(1, share ?? 0);
  const used = share === null ? 0 : Math.min(1, share / whole || (share > 1 ? 1 : 0));
  return html`<svg class="meter" width="100%" height="8" aria-hidden="true" focusable="false"><rect class="room" width="100%" height="8" rx="4"/><rect class="used" width="${drawn(used * 100)}%" height="8" rx="4"/>${whole > 1 ? html`<rect class="mark" x="${drawn(100 / whole)}%" width="2" height="8"/>` : null}</svg>
<p class="limit">${icon(keptSigns[kept])} ${keptWords[kept]} the limit of ${text}</p>`;
}
