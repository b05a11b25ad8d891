import type { RestorePlan } from '../../../steps/restore-plan.ts';
import type { Row } from './row.ts';

/** Where recovery ends, on which timeline, and what was proven of the way there. */
export const recoveryRows = (_plan: RestorePlan): Row[] => [];
