import { type DatabaseDrill, type DatabaseOutcome, drillMany, type ManyMeans } from './drill-many.ts';
import { planRun, startRun } from './executor.ts';
import { plannedByKey } from './run-by-key.ts';

/** What a command gives to the drills of several databases. */
export type ManySurroundings = Omit<ManyMeans, 'start' | 'plan' | 'plannedBefore'>;

export const drillDatabases = (
  drills: readonly DatabaseDrill[],
  surroundings: ManySurroundings,
): Promise<readonly DatabaseOutcome[]> =>
  drillMany(drills, { ...surroundings, start: startRun, plan: planRun, plannedBefore: plannedByKey });
