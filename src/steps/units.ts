/** Messages of the steps and reports write sizes alike. */
export { formatBytes } from '../report/units.ts';

/** RFC 3339 to the second, UTC: `2026-11-22T22:09:55Z`. Anything else is shown as it is. */
export function formatTime(rfc3339: string): string {
  const ms = Date.parse(rfc3339);
  return Number.isNaN(ms) ? rfc3339 : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
