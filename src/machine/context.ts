import type { ErrorData } from '../errors/serialize.ts';
import type { PlanSummary } from '../steps/restore-plan.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';

export interface Context {
  readonly runId: string;
  readonly request: RestoreRequest;
  readonly planned: PlanSummary | null;
  /** The operator agreed to the plan. From here on the run changes things, and a resume does not plan again. */
  readonly agreed: boolean;
  /** `odo promote` was asked for a run that was held, when it was consistent or at its target. */
  readonly promoteAsked: boolean;
  readonly failure: ErrorData | null;
  /** What a drill found bad about the backup before it came to a database that could be proved. */
  readonly disproof: ErrorData | null;
  /** Every refusal of the preliminary checks. */
  readonly refusals: readonly ErrorData[];
}

export function initialContext(runId: string, request: RestoreRequest): Context {
  return {
    runId,
    request,
    planned: null,
    agreed: false,
    promoteAsked: false,
    failure: null,
    disproof: null,
    refusals: [],
  };
}

export interface Input {
  readonly runId: string;
  readonly request: RestoreRequest;
}
