import type { SnapshotFrom } from 'xstate';
import type { ErrorData } from '../errors/serialize.ts';
import { findSnapshot } from '../journal/history.ts';
import type { JournalDatabase } from '../journal/open.ts';
import { findStep } from '../journal/steps.ts';
import { initialContext } from '../machine/context.ts';
import type { MachineEvent } from '../machine/events.ts';
import { restoreMachine } from '../machine/restore-machine.ts';
import { machineVersion } from '../machine/version.ts';
import { summarize } from '../steps/plan-restore.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';

export type Snapshot = SnapshotFrom<typeof restoreMachine>;

/** Null: from the beginning. */
export interface Standing {
  readonly snapshot: Snapshot | null;
  /** Sent as soon as the machine has started. */
  readonly event: MachineEvent | null;
}

/**
 * Where to go on, and with which event. Before the operator agreed nothing was touched: from the beginning. A
 * snapshot of another machine, or a step that shall be redone, means going through the agreed plan again, with
 * completed steps answering from their records.
 */
export function whereToGoOn(
  database: JournalDatabase,
  run: { runId: string; request: RestoreRequest; plan: RestorePlan | null },
  { replay, event }: { replay: boolean; event: MachineEvent | null },
): Standing {
  const { runId, request, plan } = run;
  const saved = findSnapshot(database, runId);
  if (saved === null || plan === null) return { snapshot: null, event };
  const failed = (): Snapshot =>
    restoreMachine.resolveState({
      value: 'failed',
      context: {
        ...initialContext(runId, request),
        planned: summarize(plan),
        agreed: true,
        promoteAsked: event?.type === 'PROMOTE',
        disproof: savedDisproof(saved.data),
      },
    });
  const isOld = saved.machineVersion !== machineVersion;
  // It may stand anywhere; and what is being removed can only be removed.
  if (event?.type === 'ABANDON' || (isOld && findStep(database, runId, 'tearDown', '') !== null))
    return { snapshot: failed(), event: { type: 'ABANDON' } };
  if (replay || isOld) return { snapshot: failed(), event: { type: 'REPLAY' } };
  const snapshot = saved.data as Snapshot;
  return { snapshot, event: snapshot.value === 'failed' ? { type: 'RESUME' } : event };
}

/** What a drill had found bad about the backup, whatever machine wrote it down. */
function savedDisproof(snapshot: unknown): ErrorData | null {
  return (snapshot as { context?: { disproof?: ErrorData | null } }).context?.disproof ?? null;
}
