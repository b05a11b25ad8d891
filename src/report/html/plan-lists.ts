import type { RunReport } from '../run-report.ts';
import { html, type Markup } from './markup.ts';
import { factList } from './tables.ts';

/** Null when the run had no plan. */
export function planLists({ plan, planDigest }: RunReport): Markup | null {
  if (plan.length === 0 && planDigest === null) return null;
  return html`${plan.map(({ title, rows }) => html`<h3>${title}</h3>${factList(rows)}\n`)}
${planDigest === null ? null : html`<p class="digest">SHA-256 of the plan: <code>${planDigest}</code></p>`}`;
}
