import type { RestorePlan } from '../../../steps/restore-plan.ts';
import { formatBytes } from '../../../steps/units.ts';
import type { Row } from './row.ts';

/** Room that the restore needs and finds. */
export const spaceRows = (plan: RestorePlan): Row[] => [
  ['space', spaceText(plan.space)],
  ...(plan.spaceElsewhere ?? []).map((space): Row => ['', `${space.description}: ${spaceText(space)}`]),
];

function spaceText(space: RestorePlan['space']): string {
  const reclaimable =
    space.reclaimableBytes === 0 ? '' : ` and ${formatBytes(space.reclaimableBytes)} given back by cleaning`;
  return `${space.neededIsExact ? '' : 'about '}${formatBytes(space.neededBytes)} needed; ${formatBytes(space.freeBytes)} free${reclaimable}; ${formatBytes(space.reserveBytes)} kept free`;
}
