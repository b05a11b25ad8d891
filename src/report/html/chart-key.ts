import { html, type Markup } from './markup.ts';

/** What a kind of bar or stripe means. */
export const barKey = (style: string, text: string): Markup =>
  key(html`<rect class="${style}" width="22" height="10"/>`, text);

/** What a line means. */
export const lineKey = (style: string, text: string): Markup =>
  key(html`<line class="line ${style}" x1="0" x2="22" y1="5" y2="5"/>`, text);

const key = (shape: Markup, text: string): Markup =>
  html`<span class="key"><svg width="22" height="10" aria-hidden="true" focusable="false">${shape}</svg> ${text}</span> `;
