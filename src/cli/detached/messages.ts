import type { ErrorData } from '../../errors/serialize.ts';
import type { Confirmation, RunApi, RunOutcome, RunSurroundings } from '../../run/run-api.ts';
import type { RunEvent } from '../../run/run-events.ts';
import type { RestorePlan } from '../../steps/restore-plan.ts';
import type { RestoreRequest } from '../../steps/restore-request.ts';
import type { RunHeading } from '../render/renderer.ts';
import type { RunAccess } from '../run-access.ts';
import type { LogFile } from './log-file.ts';

/** What can be done in a process of its own. */
export type DetachableWork =
  | { readonly kind: 'start'; readonly request: RestoreRequest }
  | {
      readonly kind: 'resume';
      readonly runId: string;
      readonly options: Parameters<RunApi['resumeRun']>[2];
    };

export const doWork = (
  api: Pick<RunApi, 'startRun' | 'resumeRun'>,
  work: DetachableWork,
  surroundings: RunSurroundings,
): Promise<RunOutcome> =>
  work.kind === 'start'
    ? api.startRun(work.request, surroundings)
    : api.resumeRun(work.runId, surroundings, work.options);

/** Goes through a pipe between the two processes, so that no secret in it is seen by others or comes to a disk. */
export interface Order {
  readonly work: DetachableWork;
  readonly access: RunAccess;
  readonly verbose: boolean;
  readonly heading: RunHeading | null;
  readonly log: LogFile;
  /** What is blotted out of all output. */
  readonly secrets: readonly string[];
}

export type ToWorker =
  | { readonly type: 'order'; readonly order: Order }
  | { readonly type: 'answer'; readonly answer: Confirmation | boolean }
  | { readonly type: 'no-answer'; readonly error: ErrorData }
  | { readonly type: 'stop' };

/** After `under-way`, or one of the last two, nothing more comes. */
export type FromWorker =
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'confirm'; readonly plan: RestorePlan }
  | { readonly type: 'agree'; readonly what: string; readonly otherwise: string }
  | { readonly type: 'under-way'; readonly runId: string; readonly log: string }
  | { readonly type: 'ended'; readonly outcome: RunOutcome }
  | { readonly type: 'failed'; readonly error: ErrorData };
