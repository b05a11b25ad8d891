import type { OdoError } from '../errors/odo-error.ts';
import type { ErrorData } from '../errors/serialize.ts';
import type { RunKind, RunState, RunVerdict } from '../journal/runs.ts';
import type { RecoveryChange } from '../steps/recovery-change.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import type { RecoveryMilestone, ReplayPosition } from '../steps/step.ts';
import type { SourceCredentials } from '../storage/credentials.ts';
import type { HeldReason, Phase, RunEvent } from './run-events.ts';

export type { LogDiagnosis } from '../postgres/log-diagnosis.ts';

/** The operator's answer to a plan that removes data. */
export type Confirmation =
  | { readonly answer: 'go' }
  | { readonly answer: 'decline' }
  /** Restore beside the old data instead. */
  | { readonly answer: 'new-volume'; readonly name: string };

/** What a command gives to a run. */
export interface RunSurroundings {
  /** Absolute path of the journal; created (directory mode 0700) when missing. */
  readonly journalFile: string;
  /** Where the plan that is made will be written. */
  readonly planFile?: string | null;
  /** Resolved anew at every start and resume; null leaves it to the SDK's own chain. Never stored. */
  readonly credentials: SourceCredentials | null;
  /** Of a standby at its primary; resolved anew like the credentials, and never stored. */
  readonly primaryPassword?: string | null;
  /** Signs what is posted when the run has ended; resolved anew, and never stored. Null: it is not signed. */
  readonly notifySecret?: string | null;
  readonly onEvent: (event: RunEvent) => void;
  /** Asked when the plan removes data and the request was not confirmed; throws CHOICE_NEEDED without a terminal. */
  readonly confirm: (plan: RestorePlan) => Promise<Confirmation>;
  /**
   * Asked before something is removed that is there now: data files that are extracted again for an earlier target, or
   * what a run made that is given up. `otherwise` is what can be done instead. Throws CHOICE_NEEDED without a terminal.
   */
  readonly agree: (what: string, otherwise: string) => Promise<boolean>;
  /**
   * Another odo has taken over the run. Best ends the process at once: whatever it still does, be it to tidy up, it does
   * to what is the other's by now.
   */
  readonly onLost?: (error: OdoError) => void;
  /** Aborting stops the run cleanly; it stays resumable. */
  readonly signal: AbortSignal;
}

export interface RunOutcome {
  readonly runId: string;
  readonly status: Exclude<RunState, 'running'> | 'interrupted';
  /** What a drill that is at its end came to; null: a restore, or nothing is proved yet. */
  readonly verdict: RunVerdict | null;
  /** Of the program, per docs/exit-codes.md; 130 for interrupted. */
  readonly exitCode: number;
  readonly error: ErrorData | null;
  /** True when something can go on with it. */
  readonly resumable: boolean;
  /** The command that does; null when there is nothing to do. */
  readonly next: 'resume' | 'promote' | 'abandon' | null;
}

/** Where a replay was when it was last written down. */
export type KeptReplay = ReplayPosition & {
  readonly at: string;
  /** WAL since this server began. @unit bytes */
  readonly done: number;
  readonly total: number | null;
  /** Per second. @unit bytes */
  readonly rate: number | null;
  readonly etaMs: number | null;
};

/** The newest runs of a journal, newest first, and how many it has. */
export interface RunList {
  readonly runs: readonly RunStatus[];
  readonly total: number;
}

/** One run as the journal knows it; what `odo status --json` prints. */
export interface RunStatus {
  readonly runId: string;
  readonly kind: RunKind;
  /** `--run-key`; null when none was given. */
  readonly runKey: string | null;
  /** `interrupted`: not ended, and no odo is working on it. `abandoned`: given up, and what it made is removed. */
  readonly status: RunState | 'interrupted';
  /** What a drill came to; null: a restore, or nothing is proved yet. */
  readonly verdict: RunVerdict | null;
  /** When its operator gave it up (`odo abandon`); from then on it can only be removed. */
  readonly abandonedAt: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly source: string;
  readonly backup: string | null;
  readonly target: string;
  readonly service: string;
  /** SHA-256 of what its plan does, as on the plan's page; null before there is one, and in runs of an older odo. */
  readonly planDigest: string | null;
  /** The file with the plan that it executes (`odo start --plan`); null when it made its own. */
  readonly planFile: string | null;
  readonly currentPhase: Phase | null;
  readonly phases: readonly PhaseStatus[];
  /** Of the base backup's archives, from the last checkpoint. @unit bytes of stored (compressed) objects */
  readonly baseBytes: { readonly done: number; readonly total: number } | null;
  /** Of the server that recovers now, or was recovering when odo ended; null before and after. */
  readonly replay: KeptReplay | null;
  /** What recovery has come to, oldest first; empty in a list of runs. */
  readonly recovery: readonly ({ readonly at: string; readonly phase: Phase } & RecoveryMilestone)[];
  readonly lastCheckpointAt: string | null;
  /** Host, pid of the odo that holds the lease; null when none does. */
  readonly heldBy: string | null;
  readonly error: ErrorData | null;
  /** Where and how the run waits for the operator, when it does. */
  readonly held: {
    readonly reason: HeldReason;
    readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  } | null;
  /** The command that goes on: `odo resume …`, `odo promote …`; null when there is nothing to do. */
  readonly next: string | null;
}

export interface PhaseStatus {
  readonly phase: Phase;
  readonly state: 'pending' | 'running' | 'completed' | 'failed' | 'interrupted';
  readonly attempts: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly facts: Readonly<Record<string, string | number | boolean | null>> | null;
}

/** `odo resume RUN --target-…` */
export interface AskedMove {
  readonly change: RecoveryChange;
  /** The operator agreed beforehand (`--yes`) that data files may be extracted again. */
  readonly confirmed: boolean;
}

/** The functions src/cli calls; implemented in executor.ts and status.ts. */
export interface RunApi {
  startRun(request: RestoreRequest, surroundings: RunSurroundings): Promise<RunOutcome>;
  resumeRun(
    runId: string,
    surroundings: RunSurroundings,
    options: { redo: readonly string[]; takeOver: boolean; move: AskedMove | null },
  ): Promise<RunOutcome>;
  /** Every preliminary check and the plan; changes nothing, journals nothing. */
  planRun(
    request: RestoreRequest,
    surroundings: RunSurroundings,
  ): Promise<{ plan: RestorePlan | null; problems: readonly ErrorData[] }>;
  /** Finishes a run that is held, when the database is consistent or at its target. */
  promoteRun(runId: string, surroundings: RunSurroundings): Promise<RunOutcome>;
  /** Gives a run up and removes what it made; of one that has nothing it says how it ended. */
  abandonRun(
    runId: string,
    surroundings: RunSurroundings,
    options: { takeOver: boolean; confirmed: boolean },
  ): Promise<RunOutcome>;
  /**
   * Tells a run from its journal as the odo does that works on it, from the beginning of its last process on, and how it
   * stands when none works on it any more. Changes nothing; rejects when `signal` aborts.
   */
  watchRun(
    journalFile: string,
    runId: string,
    watching: Pick<RunSurroundings, 'onEvent' | 'signal'>,
  ): Promise<RunOutcome>;
  readStatus(journalFile: string, runId: string): RunStatus;
  listRuns(journalFile: string, options: { last: number }): RunList;
  /** Of the newest runs. */
  listRunNames(journalFile: string): string[];
}
