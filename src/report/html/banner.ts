import type { Verdict } from '../run-report.ts';
import { verdictWords } from '../words.ts';
import { icon } from './icons.ts';
import { html, type Markup } from './markup.ts';

/** The verdict, before anything else. */
export function banner({
  verdict,
  subject,
  headline,
  stamp,
}: {
  readonly verdict: Verdict;
  readonly subject: string;
  readonly headline: string;
  /** When it was, and what it is called. */
  readonly stamp: string;
}): Markup {
  return html`<header class="banner ${verdict}"><div class="wide">
<p class="subject">${subject}</p>
<h1>${icon(verdict)} ${verdictWords[verdict]}</h1>
<p class="headline">${headline}</p>
<p class="stamp">${stamp}</p>
</div></header>`;
}
