import type { RestoreRequest } from '../steps/restore-request.ts';

export type MachineEvent =
  /** The operator agreed to the plan. */
  | { readonly type: 'AGREE' }
  /** The operator wants nothing changed. */
  | { readonly type: 'DECLINE' }
  /** The operator chose differently (a new volume instead of cleaning): plan again. */
  | { readonly type: 'CHANGE'; readonly request: RestoreRequest }
  | { readonly type: 'RESUME' }
  /** Go through every phase of an agreed plan again; completed steps answer from their records. */
  | { readonly type: 'REPLAY' }
  | { readonly type: 'PROMOTE' }
  /** Give the run up: remove what it made. */
  | { readonly type: 'ABANDON' };
