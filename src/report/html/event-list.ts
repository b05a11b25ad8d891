import type { ReportedEvent } from '../run-report.ts';
import { formatTime, plural } from '../text.ts';
import { levelWords } from '../words.ts';
import { icon } from './icons.ts';
import { html, type Markup } from './markup.ts';

/** So many are read through; more are folded away. */
const openEvents = 30;

const signs = { info: 'info', warning: 'warning', error: 'failed' } as const;

/** Null without events. */
export function eventList(events: readonly ReportedEvent[]): Markup | null {
  if (events.length === 0) return null;
  const open = events.length <= openEvents ? html` open` : null;
  return html`<details${open}><summary>${plural(events.length, 'event')}</summary><ol class="events">
${events.map(
  ({ at, level, message }) =>
    html`<li class="${level}"><time datetime="${at}">${formatTime(at)}</time> <span class="level">${icon(signs[level])} ${levelWords[level]}</span> <span class="message">${message}</span></li>\n`,
)}</ol></details>`;
}
