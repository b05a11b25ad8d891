import type { StepContext } from '../step.ts';

/** When the run began, which its id says to the second; the plan is younger by what the preflight took. @unit epoch ms */
export function drillBegan({ runId, plan }: Pick<StepContext, 'runId' | 'plan'>): number {
  const began = Date.parse(
    runId.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-.*$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  return Number.isNaN(began) ? Date.parse(plan().createdAt) : began;
}
