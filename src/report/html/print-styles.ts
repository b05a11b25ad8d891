/** On paper everything is open, nothing scrolls, and the verdict keeps its ground. */
export const printStyles = `
@page { margin: 14mm; }
@media print {
  :root { color-scheme: light;
    --ground: #fff; --raised: #f5f3ee; --rule: #cfcac0; --text: #000; --soft: #444; --ink: #3f5f80; --ink-past: #7390ad; --ink-faint: #3f5f8026;
    --pass: #0f6b3d; --fail: #a8261c; --warn: #7a4f00; --shade: #1c1e2114;
    --banner-passed: #0f6b3d; --banner-failed: #a8261c; --banner-unfinished: #7a4f00; }
  html { font-size: 9pt; }
  .banner, .bar, .meter, .tile, .pause, figure svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .banner { padding: 1.25rem 0; border-radius: 6px; } .banner h1 { font-size: 2rem; }
  section { padding: 1.1rem 0; grid-template-columns: 8rem minmax(0, 1fr); gap: 1.25rem; } main.wide, footer.wide { padding: 0; }
  .gantt, .timed { grid-template-columns: 14rem minmax(0, 1fr); }
  .scroll { overflow: visible; } .scroll table { min-width: 0; font-size: 0.7rem; } .scroll td { white-space: normal; } .scroll th[scope=row] { min-width: 0; }
  figure, tr, .tile, .facts div, .events li, .findings li { break-inside: avoid; } h2, h3, caption { break-after: avoid; }
  @supports selector(::details-content) { details::details-content { content-visibility: visible; display: block; height: auto; } summary { display: none; } }
}`;
