import type { PlannedRecovery, RestorePlan } from './restore-plan.ts';
import { recoveryDefaults } from './restore-request.ts';

const toTheEnd: PlannedRecovery = { ...recoveryDefaults, stop: recoveryDefaults.target, proof: null };

/** How far a plan recovers; those of older journals do not say it, and go to the end. */
export const recoveryOf = ({ recovery }: Pick<RestorePlan, 'recovery'>): PlannedRecovery =>
  recovery ?? toTheEnd;
