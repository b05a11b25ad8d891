import { errorKinds } from '../errors/codes.ts';
import { OdoError } from '../errors/odo-error.ts';
import { inParallel } from './in-parallel.ts';
import { type PlanDifference, planDifferences } from './plan-differences.ts';
import { type PlannedRead, plannedReads } from './plan-reads.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { StepContext } from './step.ts';

/** Objects that are named one by one when they are gone; of more only the number is said. */
const namedObjects = 10;

/** How many objects are asked for at a time. */
const asked = 16;

/**
 * Throws when something that an agreed plan promised no longer holds. `now` is the plan that the same request gives
 * at this moment.
 * @throws TARGET_CHANGED, SERVICE_CONFLICT or PLAN_OUTDATED, with every difference in its details
 */
export async function requirePlanHolds(
  agreed: RestorePlan,
  now: RestorePlan,
  context: StepContext,
): Promise<void> {
  const differences = [...planDifferences(agreed, now), ...(await readDifferences(agreed, now, context))];
  const [first] = differences.toSorted(
    (one, other) => errorKinds[other.code].exitCode - errorKinds[one.code].exitCode,
  );
  if (first === undefined) return;
  const texts = differences.map(({ text }) => ({ text }));
  throw new OdoError(
    first.code,
    texts.length === 1 ? first.text : `The plan of ${agreed.createdAt} no longer holds.`,
    {
      hint: 'Put it back as it was, or make a new plan with odo plan --out FILE and have that one approved.',
      details: { digest: agreed.digest ?? null, problems: texts },
    },
  );
}

/** Objects that are gone, or are others under the same key. What the new plan names with the same ETag is there. */
async function readDifferences(
  agreed: RestorePlan,
  now: RestorePlan,
  context: StepContext,
): Promise<PlanDifference[]> {
  const placeOf = ({ key, isElsewhere }: PlannedRead): string => `${isElsewhere} ${key}`;
  const present = new Map(plannedReads(now).map((read) => [placeOf(read), read.etag]));
  // Another copy of a segment, or another end of the WAL, may have been chosen this time: those are asked for.
  const unsure = plannedReads(agreed).filter((read) => present.get(placeOf(read)) !== read.etag);
  const gone: string[] = [];
  const others: string[] = [];
  await inParallel(unsure, asked, context.signal, async (read, signal) => {
    const source = read.isElsewhere ? await context.ports.walSource() : await context.ports.source();
    const found = (await source?.storage.stat(read.key, signal)) ?? null;
    if (found === null) gone.push(read.key);
    else if (found.etag !== read.etag) others.push(read.key);
  });
  return [
    ...listed(gone, 'is no longer in the store', 'objects are no longer in the store'),
    ...listed(
      others,
      'is not the object that was planned: its ETag differs',
      'objects are not those that were planned',
    ),
  ].map((text) => ({ code: 'PLAN_OUTDATED', text }));
}

function listed(keys: readonly string[], one: string, many: string): string[] {
  const sorted = keys.toSorted();
  const named = sorted.slice(0, namedObjects).map((key) => `${key} ${one}.`);
  const rest = sorted.length - named.length;
  return rest === 0 ? named : [...named, `${rest} more ${many}.`];
}
