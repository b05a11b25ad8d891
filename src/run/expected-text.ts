import { formatDuration } from '../report/units.ts';
import type { Expected } from '../steps/expected-duration.ts';

/** `about 12 m 10 s (8 m 02 s to 25 m 00 s)`; without a range that would say nothing. */
export function expectedText({ ms, lowMs, highMs }: Expected): string {
  const [likely, low, high] = [ms, lowMs, highMs].map(formatDuration);
  return low === high ? `about ${likely}` : `about ${likely} (${low} to ${high})`;
}
