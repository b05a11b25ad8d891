import { chartStyles } from './chart-styles.ts';
import { Markup } from './markup.ts';
import { printStyles } from './print-styles.ts';

/**
 * Two palettes with the same names. Words on a ground keep 4.5:1, shapes 3:1 (WCAG AA). The verdicts' colours are for
 * verdicts and what exceeds a limit, nothing else has one.
 */
const palettes = `
:root { color-scheme: light dark;
  --ground: #fdfcfa; --raised: #f5f3ee; --rule: #dedad1; --text: #1c1e21; --soft: #585d64;
  --ink: #3f5f80; --ink-past: #7390ad; --ink-faint: #3f5f8026; --pass: #0f6b3d; --fail: #a8261c; --warn: #7a4f00; --shade: #1c1e2114;
  --banner-passed: #0f6b3d; --banner-failed: #a8261c; --banner-unfinished: #7a4f00; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #15171a; --raised: #1d2024; --rule: #353a41; --text: #e9e7e3; --soft: #a7adb5;
  --ink: #8fb4da; --ink-past: #5f7f9f; --ink-faint: #8fb4da2e; --pass: #63cf94; --fail: #ff9389; --warn: #e9b65a; --shade: #ffffff17;
  --banner-passed: #0b4f2d; --banner-failed: #7b1d15; --banner-unfinished: #5a3b00; } }`;

const page = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1, h2, h3, p, ol, ul, dl, dd, figure { margin: 0; padding: 0; }
ol, ul { list-style: none; }
code { font: 0.9em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 0.2em; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; border-radius: 2px; }
.wide { max-width: 74rem; margin: 0 auto; padding: 0 clamp(1.1rem, 4vw, 2.5rem); }
.num, .value, .amounts dd, time, .names .num { font-variant-numeric: tabular-nums; }
.num { text-align: right; white-space: nowrap; }
.note, .nothing, .limit, .about, .cause, figcaption, caption, footer { color: var(--soft); font-size: 0.875rem; line-height: 1.5; }
.icon { flex: none; width: 1em; height: 1em; vertical-align: -0.12em; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
section { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 1.25rem 2.5rem; padding: 2.5rem 0; border-top: 1px solid var(--rule); }
main > section:first-child { border-top: 0; }
section > div { min-width: 0; }
h2 { font-size: 1.0625rem; line-height: 1.4; font-weight: 650; }
h3 { font-size: 0.9375rem; line-height: 1.4; font-weight: 600; }
footer p { padding: 1.5rem 0 3rem; border-top: 1px solid var(--rule); }`;

const head = `
.banner { color: #fff; padding: clamp(2rem, 5vw, 3.25rem) 0; }
.banner.passed { background: var(--banner-passed); } .banner.failed { background: var(--banner-failed); } .banner.unfinished { background: var(--banner-unfinished); }
.banner h1 { display: flex; align-items: center; gap: 0.3em; font-size: clamp(2.4rem, 7vw, 3.75rem); line-height: 1.1; font-weight: 700; letter-spacing: -0.02em; margin: 0.35rem 0 0.9rem; }
.banner h1 .icon { width: 0.8em; height: 0.8em; }
.subject { font-weight: 600; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; line-clamp: 2; overflow: hidden; }
.headline { font-size: clamp(1.0625rem, 2.4vw, 1.3125rem); line-height: 1.45; max-width: 46rem; }
.stamp { margin-top: 1rem; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
.findings ol { counter-reset: finding; display: grid; gap: 1rem; }
.findings li { counter-increment: finding; position: relative; padding-left: 2.25rem; }
.findings li::before { content: counter(finding); position: absolute; left: 0; color: var(--fail); font-weight: 700; font-variant-numeric: tabular-nums; }
.findings h2 { color: var(--fail); }
.findings.state h2 { color: var(--warn); }
.findings ol + .stopped, .findings .stopped + .next, .findings ol + .next { margin-top: 1.5rem; }
.stopped { display: grid; gap: 0.4rem; border-left: 3px solid var(--rule); padding-left: 1rem; }
.next code { display: inline-block; background: var(--raised); border: 1px solid var(--rule); border-radius: 6px; padding: 0.2rem 0.6rem; }`;

const measures = `
.tiles { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.25rem; }
.tile { background: var(--raised); border-radius: 10px; padding: 1.35rem 1.5rem; }
.tile .value { font-size: clamp(2rem, 5vw, 2.75rem); line-height: 1.2; font-weight: 650; letter-spacing: -0.02em; margin: 0.25rem 0 0.6rem; }
.tile.exceeded .value, .tile.exceeded .limit { color: var(--fail); } .tile.kept .limit { color: var(--pass); } .tile.unknown .limit { color: var(--warn); }
.tile .limit { font-weight: 600; margin: 0.45rem 0 0.7rem; }
.meter { display: block; } .meter .room { fill: var(--shade); } .meter .used { fill: var(--ink); }
.tile.exceeded .meter .used { fill: var(--fail); } .meter .mark { fill: var(--ground); }
.amounts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.25rem, 1fr)); gap: 1.25rem 1.75rem; margin-top: 1.75rem; }
.amounts dt, .facts dt { color: var(--soft); font-size: 0.875rem; }
.amounts dd { font-size: 1.1875rem; font-weight: 600; line-height: 1.35; }
.amounts .note { display: block; font-weight: 400; font-size: 0.8125rem; margin-top: 0.15rem; }
.regressions { margin-top: 1.5rem; color: var(--warn); display: grid; gap: 0.35rem; font-weight: 600; }`;

const tables = `
table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; line-height: 1.5; }
caption { text-align: left; padding-bottom: 0.75rem; }
th, td { text-align: left; vertical-align: top; font-weight: 400; padding: 0.65rem 1.25rem 0.65rem 0; border-top: 1px solid var(--rule); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: 0.8125rem; border-top: 0; padding-top: 0; white-space: nowrap; }
th.num, td.num { text-align: right; }
.scroll { overflow-x: auto; margin-top: 0.75rem; } .scroll table { min-width: 42rem; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
.scroll td { white-space: nowrap; } .scroll th[scope=row] { min-width: 13rem; }
.outcome { white-space: nowrap; width: 8.5rem; } .proofs td.num { width: 6rem; }
.summary .label { display: none; } .passed .outcome { color: var(--pass); } .unfinished .outcome { color: var(--warn); } .failed .outcome { color: var(--fail); font-weight: 700; } .skipped .outcome, .not-reached .outcome { color: var(--soft); }
.proof-title { display: block; font-weight: 600; } .proof-summary { display: block; color: var(--soft); } .failed .proof-summary { color: var(--text); }
tr:target { background: var(--raised); }
summary { cursor: pointer; width: fit-content; color: var(--soft); font-size: 0.875rem; } details { margin-top: 0.75rem; } section > div > details:first-child { margin-top: 0; } .proofs details { margin-top: 0.35rem; } .proofs + details { border-top: 1px solid var(--rule); margin: 0; padding-top: 0.75rem; }
.proofs details li { font-size: 0.875rem; padding: 0.15rem 0 0.15rem 1rem; border-left: 2px solid var(--rule); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: 0 2.5rem; font-size: 0.9375rem; }
.facts div { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 0.2rem 0.75rem; align-content: start; padding: 0.45rem 0; border-bottom: 1px solid var(--rule); }
.facts dd { grid-column: -2; } h3 + .facts { margin: 0.5rem 0 1.75rem; } .digest { color: var(--soft); font-size: 0.875rem; }
.events { margin-top: 0.5rem; font-size: 0.9375rem; } .events li { display: grid; grid-template-columns: 12.5rem 6rem minmax(0, 1fr); gap: 0.25rem 0.75rem; padding: 0.4rem 0; border-top: 1px solid var(--rule); }
.events time, .events .level { color: var(--soft); } .events .warning .level { color: var(--warn); font-weight: 600; } .events .error .level { color: var(--fail); font-weight: 600; }`;

const phone = `
@media screen and (max-width: 44rem) {
  section { grid-template-columns: minmax(0, 1fr); padding: 2rem 0; gap: 1rem; }
  h2 { font-size: 1.25rem; }
  .tiles, .pair { grid-template-columns: minmax(0, 1fr); }
  .proofs, .proofs tbody { display: block; } .proofs caption { display: block; }
  .proofs thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .proofs tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; border-top: 1px solid var(--rule); padding: 0.75rem 0; }
  .proofs td, .proofs th { border: 0; padding: 0; width: auto; } .proofs th { grid-column: 1 / -1; grid-row: 2; margin-top: 0.15rem; }
  .summary tr { grid-template-columns: auto minmax(0, 1fr); column-gap: 1.5rem; } .summary .outcome { grid-column: 1 / -1; } .proofs.summary td.num { text-align: left; width: auto; } .summary .label { display: inline; color: var(--soft); }
  .facts div { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .events li { grid-template-columns: minmax(0, 1fr) auto; } .events .message { grid-column: 1 / -1; }
}`;

/** Constants only: nothing of a report enters a style sheet, where no escaping helps. */
export const styles = new Markup(
  [palettes, page, head, measures, tables, chartStyles, phone, printStyles].join('\n'),
);
