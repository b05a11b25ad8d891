/** The names of the phases' chart stand beside its bars, on a narrow page above them. */
export const chartStyles = `
.gantt, .timed { --row: 1.9rem; display: grid; grid-template-columns: minmax(0, 15rem) minmax(0, 1fr); column-gap: 1.25rem; }
.gantt .names, .gantt > svg[role=img] { grid-row: 1; height: calc(var(--rows) * var(--row)); }
.gantt .names { grid-column: 1; font-size: 0.9375rem; line-height: 1.3; }
.gantt .names li { height: var(--row); display: flex; align-items: baseline; padding-top: 0.55rem; justify-content: space-between; gap: 0.75rem; white-space: nowrap; }
.gantt .names li span:first-child { overflow: hidden; text-overflow: ellipsis; } .gantt .names .num { color: var(--soft); font-size: 0.875rem; }
.gantt > svg[role=img], .gantt .axis, .gantt figcaption { grid-column: 2; }
figure svg { display: block; overflow: visible; } figcaption { margin-top: 0.6rem; }
.grid, .ground { stroke: var(--rule); stroke-width: 1; } .pause { fill: var(--shade); }
figure text { fill: var(--soft); font-size: 0.75rem; font-variant-numeric: tabular-nums; paint-order: stroke; stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round; }
.bar { fill: var(--ink); } .bar.failed { fill: url(#hatch-failed); } .bar.interrupted { fill: url(#hatch-interrupted); } .bar.running { fill: var(--ink-faint); stroke: var(--ink); }
.hatch-ground { fill: var(--ground); } .hatch-interrupted { fill: var(--warn); } .hatch-failed { fill: var(--fail); }
.bar.interrupted { stroke: var(--warn); } .bar.failed { stroke: var(--fail); } .patterns { position: absolute; }
.key { display: inline-block; margin-right: 1.25rem; } .key svg { display: inline-block; vertical-align: -1px; margin-right: 0.35rem; }
.timed .plot, .timed .axis { grid-column: 2; } .timed .plot { grid-row: 1; margin-top: 1.1rem; } .timed figcaption { grid-column: 1; grid-row: 1; margin-top: 0.9rem; } .timed .key { display: block; margin: 0 0 0.6rem; }
 .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke: var(--ink); } .area { fill: var(--ink-faint); }
.line-2 { stroke: var(--text); stroke-dasharray: 7 4; } .line-3 { stroke: var(--soft); stroke-dasharray: 2 4; }
.line-limit { stroke: var(--fail); stroke-dasharray: 6 4; stroke-width: 1.5; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 2rem; } .trend .plot { margin-top: 0.75rem; }
.trend .bar.completed { fill: var(--ink-past); } .trend .bar.completed.now { fill: var(--ink); } .unknown { fill: var(--soft); }
@media screen and (max-width: 44rem) {
  .gantt { --row: 2.7rem; grid-template-columns: minmax(0, 1fr); }
  .gantt > svg[role=img], .gantt .axis, .gantt figcaption { grid-column: 1; } .timed { display: block; }
  .gantt .names { z-index: 1; } .gantt .names li { padding-top: 0.1rem; } .gantt .names span { background: var(--ground); }
}`;
