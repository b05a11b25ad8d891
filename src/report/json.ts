import type { RunReport } from './run-report.ts';

/** The document itself, as `odo report --json` and every archive of reports keep it: indented, to be compared by lines. */
export function reportJson(report: RunReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
