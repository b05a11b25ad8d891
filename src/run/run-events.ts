import type { ErrorData } from '../errors/serialize.ts';
import type { RunKind, RunVerdict } from '../journal/runs.ts';
import type { Environment, ProofItem } from '../report/run-report.ts';
import { timedPhases } from '../steps/phase-assumptions.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import type { RecoveryMilestone, StepProgress } from '../steps/step.ts';

/** The phases of a run, in the order a person sees them. */
export const phases = ['preflight', 'plan', 'confirm', ...timedPhases] as const;

export type Phase = (typeof phases)[number];

/**
 * Everything a run tells while it works. One stream feeds every renderer and `--json`, so text and JSON
 * cannot disagree. `at` is RFC 3339 UTC. Never a secret.
 */
export type RunEvent = { readonly at: string; readonly runId: string } & (
  | {
      readonly type: 'run';
      readonly status: 'started' | 'resumed' | 'abandoning';
      /** Absent in journals of an older odo. */
      readonly kind?: RunKind;
      /** Absent in journals of an older odo. */
      readonly environment?: Omit<Environment, 'server'>;
    }
  | { readonly type: 'plan'; readonly plan: RestorePlan }
  | {
      readonly type: 'phase';
      readonly phase: Phase;
      readonly state: 'started' | 'completed' | 'failed';
      readonly attempt: number;
      /** True when the work had been completed by an earlier attempt and was not done again. */
      readonly earlier?: boolean;
      readonly durationMs?: number;
      /** Plain facts of the outcome, `bytes` and `files` among them where they apply. */
      readonly facts?: Readonly<Record<string, string | number | boolean | null>>;
    }
  | ({
      readonly type: 'progress';
      readonly phase: Phase;
      /** Per second over the last seconds; null while unknown. */
      readonly rate: number | null;
      readonly etaMs: number | null;
      /** `item` is what is being read now: `base.tar.gz`. */
    } & StepProgress)
  | { readonly type: 'checkpoint'; readonly phase: Phase; readonly item: string; readonly bytes: number }
  | { readonly type: 'server-log'; readonly line: string }
  | ({ readonly type: 'recovery'; readonly phase: Phase } & RecoveryMilestone)
  | { readonly type: 'proof'; readonly item: ProofItem }
  | { readonly type: 'notice'; readonly level: 'info' | 'warning'; readonly message: string }
  | { readonly type: 'refused'; readonly error: ErrorData; readonly others: readonly ErrorData[] }
  | { readonly type: 'failed'; readonly error: ErrorData; readonly phase: Phase | null }
  | { readonly type: 'interrupted'; readonly phase: Phase | null }
  | {
      readonly type: 'held';
      readonly reason: HeldReason;
      /** Of a drill; null of a restore, and absent in journals of an older odo. */
      readonly verdict?: RunVerdict | null;
      readonly facts: Readonly<Record<string, string | number | boolean | null>>;
    }
  | { readonly type: 'declined' }
  /** Given up: what the run made is removed; `target` is null when it never came to have one. */
  | { readonly type: 'abandoned'; readonly target: string | null }
  /** Left behind about a run that has ended; `problem` says why it could not be. */
  | {
      readonly type: 'evidence';
      readonly kind: 'report' | 'metrics' | 'notification';
      /** A file, or whom was notified. */
      readonly where: string;
      readonly problem: string | null;
    }
  | {
      readonly type: 'completed';
      readonly durationMs: number;
      /** Of a drill; null of a restore, and absent in journals of an older odo. */
      readonly verdict?: RunVerdict | null;
      /** Laid down for a server that odo does not run, and proved by nothing; absent where odo recovered the database. */
      readonly prepared?: true;
      readonly facts: Readonly<Record<string, string | number | boolean | null>>;
    }
);

/** Why a run waits for the operator: the database is consistent, is at the target of the recovery, or is a drill's that is kept. */
export type HeldReason = 'not-promoted' | 'at-target' | 'kept';

/** The step that came to where a run is held; its output are the facts. */
export const stepOfHeld = {
  'not-promoted': 'recover',
  'at-target': 'reachTarget',
  kept: 'prove',
} as const satisfies Record<HeldReason, Phase>;

/** An event before the run stamps it. */
export type UnstampedEvent = RunEvent extends infer E
  ? E extends RunEvent
    ? Omit<E, 'at' | 'runId'>
    : never
  : never;
