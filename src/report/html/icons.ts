import type { Verdict } from '../run-report.ts';
import { html, type Markup } from './markup.ts';

export type Sign = 'passed' | 'failed' | 'unfinished' | 'skipped' | 'not-reached' | 'warning' | 'info';

/** Beside a word that says the same, so that a reader needs neither the shape nor the colour; hidden from screen readers. */
const shapes = {
  passed: html`<path d="M3.5 8.5l3 3 6-7"/>`,
  failed: html`<path d="M4 4l8 8M12 4l-8 8"/>`,
  unfinished: html`<path d="M8 3.5v5l3 2"/><circle cx="8" cy="8" r="6.5"/>`,
  skipped: html`<path d="M4 8h8"/>`,
  'not-reached': html`<circle cx="8" cy="8" r="5" stroke-dasharray="2.6 2.6"/>`,
  warning: html`<path d="M8 3v6M8 12v.5"/>`,
  info: html`<path d="M8 7v5.5M8 3.5V4"/>`,
} as const satisfies Record<Sign, Markup>;

export const icon = (sign: Sign): Markup =>
  html`<svg class="icon ${sign}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">${shapes[sign]}</svg>`;

const bannerColours = { passed: '%230f6b3d', failed: '%23a8261c', unfinished: '%237a4f00' } as const;

/** The picture of the browser's tab, inside the page; without one, a browser asks the server for it. */
export const favicon = (verdict: Verdict): Markup =>
  html`<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Crect width=%2216%22 height=%2216%22 rx=%224%22 fill=%22${bannerColours[verdict]}%22/%3E%3C/svg%3E">`;
