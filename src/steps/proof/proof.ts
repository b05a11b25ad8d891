import type { ProofItem } from '../../report/run-report.ts';
import type { ServerProcess } from '../../service/server-launcher.ts';
import type { StepContext } from '../step.ts';

/** The temporary database of a drill, up and answering. */
export interface Proving {
  readonly context: StepContext;
  readonly server: ServerProcess;
  readonly superuser: string;
  /** Those that take connections, templates left out. */
  readonly databases: readonly string[];
}

export type ProofResult = Pick<ProofItem, 'outcome' | 'summary' | 'details'>;

/** One thing to prove about the temporary database. */
export interface Proof {
  /** Stable: `amcheck:app`. Also the part of the step under which its outcome is journalled. */
  readonly id: string;
  readonly title: string;
  /** What is bad about the backup is an outcome; it throws only when it could not be looked at. */
  run(proving: Proving, signal: AbortSignal): Promise<ProofResult>;
}
