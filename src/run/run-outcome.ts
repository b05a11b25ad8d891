import { type ErrorCode, errorKinds } from '../errors/codes.ts';
import type { ErrorData } from '../errors/serialize.ts';
import type { RunRecord } from '../journal/runs.ts';
import type { RunOutcome } from './run-api.ts';

/** How a process leaves a run, to whoever asked it to work on it. */
export function outcomeOf(run: RunRecord, status: RunOutcome['status'], error: ErrorData | null): RunOutcome {
  const isAtItsEnd = status === 'completed' || status === 'held' || status === 'refused';
  const verdict = isAtItsEnd ? run.verdict : null;
  const next = nextOf(run, status);
  return {
    runId: run.id,
    status,
    verdict,
    exitCode: verdict === 'failed' ? errorKinds.VERIFICATION_FAILED.exitCode : exitCodeOf(status, error),
    error,
    resumable: next !== null,
    next,
  };
}

function exitCodeOf(status: RunOutcome['status'], error: ErrorData | null): number {
  if (status === 'interrupted') return errorKinds.INTERRUPTED.exitCode;
  if (error !== null) return exitCodeOfError(error.code, status);
  return status === 'declined' ? errorKinds.CHOICE_NEEDED.exitCode : 0;
}

/** 4 promises that nothing was touched, 5 that something was: the same trouble has one before and the other after. */
function exitCodeOfError(code: ErrorCode, status: RunOutcome['status']): number {
  const { exitCode } = errorKinds[code];
  if (status === 'refused' && exitCode === 5) return 4;
  if (status === 'failed' && exitCode === 4) return 5;
  return exitCode;
}

/** The command that goes on with a run; null when there is nothing to do. */
export function nextOf(
  { kind, abandonedAtMs }: Pick<RunRecord, 'kind' | 'abandonedAtMs'>,
  status: RunOutcome['status'] | 'running',
): RunOutcome['next'] {
  if (status === 'held') return kind === 'drill' ? 'abandon' : 'promote';
  if (status !== 'failed' && status !== 'interrupted') return null;
  return abandonedAtMs === null ? 'resume' : 'abandon';
}
