import { proofItem } from '../../report/proof-item.ts';
import type { Measures, ProofItem } from '../../report/run-report.ts';
import { formatDuration } from '../../report/units.ts';
import type { DrillLimits } from '../../steps/drill-request.ts';
import { leastCompared } from './past-drills.ts';

interface Limited {
  readonly id: 'rto' | 'rpo';
  readonly title: string;
  readonly ms: number | null;
  readonly maxMs: number | null;
  readonly whenUnknown: string;
}

/** What a drill's measures are held against. `compared`: with how many earlier drills; null: with none, yet. */
export function limitItems(
  measures: Measures,
  { compared, limits, isProved }: { compared: number | null; limits: DrillLimits; isProved: boolean },
): ProofItem[] {
  const { rtoMs, rpoMs } = measures;
  const { maxRtoMs, maxRpoMs, maxRegression } = limits;
  return [
    limitItem(isProved, {
      ...({ id: 'rto', title: 'Recovery time', ms: rtoMs, maxMs: maxRtoMs } as const),
      whenUnknown: 'The database never answered.',
    }),
    limitItem(isProved, {
      ...({ id: 'rpo', title: 'Recovery point', ms: rpoMs, maxMs: maxRpoMs } as const),
      whenUnknown: 'When the last recovered commit was made is not known.',
    }),
    regressionItem(measures, maxRegression === null ? 'unlimited' : compared),
  ];
}

function limitItem(isProved: boolean, { id, title, ms, maxMs, whenUnknown }: Limited): ProofItem {
  const item = (outcome: ProofItem['outcome'], summary: string): ProofItem =>
    proofItem({ id, title }, { outcome, summary });
  if (ms === null) {
    if (maxMs === null) return item(isProved ? 'skipped' : 'not-reached', whenUnknown);
    return item(isProved ? 'failed' : 'not-reached', whenUnknown);
  }
  const is = formatDuration(ms);
  if (maxMs === null) return item('skipped', `${is}; no limit was given.`);
  const max = formatDuration(maxMs);
  return ms <= maxMs
    ? item('passed', `${is}, within ${max}`)
    : item('failed', `${is}, more than the ${max} that are allowed`);
}

function regressionItem({ regressions }: Measures, compared: number | 'unlimited' | null): ProofItem {
  const about = { id: 'regression', title: 'As fast as earlier drills' };
  const messages = regressions.map(({ message }) => message);
  const item = (outcome: ProofItem['outcome'], summary: string): ProofItem =>
    proofItem(about, { outcome, summary }, messages);
  if (compared === 'unlimited') return item('skipped', 'No limit was given (--max-regression).');
  if (compared === null) return item('not-reached', 'The database never answered.');
  if (compared < leastCompared) {
    return item('skipped', `Too few earlier drills of this source passed to compare with: ${compared}.`);
  }
  const [first] = regressions;
  return first === undefined
    ? item('passed', `compared with the median of ${compared} drills`)
    : item('failed', first.message);
}
