import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import type { RestorePlan } from './restore-plan.ts';

/**
 * Facts of the moment in which a plan is made, and words about it. Everything else decides what is read, removed, written
 * and reached, and is part of what a person signs.
 */
export const ofTheMoment = [
  'runId',
  'createdAt',
  'digest',
  'selectedBecause',
  'passedOver',
  'removes',
  'space',
  'spaceElsewhere',
  'expected',
  'warnings',
] as const satisfies readonly (keyof RestorePlan)[];

/** SHA-256, hexadecimal: the same for every plan that does the same, whenever and by whichever run it was made. */
export function planDigest(plan: RestorePlan): string {
  const matters: Partial<Record<keyof RestorePlan, unknown>> = { ...plan };
  for (const key of ofTheMoment) delete matters[key];
  return createHash('sha256').update(canonicalJson(matters)).digest('hex');
}
