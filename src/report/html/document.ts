import type { Verdict } from '../run-report.ts';
import { favicon } from './icons.ts';
import { html, Markup } from './markup.ts';
import { patterns } from './patterns.ts';
import { styles } from './styles.ts';

/** Nothing is loaded and nothing runs: whoever opens the page, wherever it lies, tells nobody. */
const policy = new Markup(
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
);

/** One page that holds everything, to be opened from a disk or a web server, mailed or printed. */
export function htmlDocument({
  title,
  verdict,
  body,
}: {
  readonly title: string;
  readonly verdict: Verdict;
  readonly body: Markup;
}): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
${favicon(verdict)}
<style>${styles}</style>
</head>
<body>
${patterns}
${body}
</body>
</html>
`.text;
}
