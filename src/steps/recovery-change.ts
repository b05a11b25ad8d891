import { OdoError } from '../errors/odo-error.ts';
import { parseLsn } from '../postgres/lsn.ts';
import {
  type RecoveryTarget,
  type RecoveryTargetAction,
  type TargetTimeline,
  targetText,
} from '../postgres/recovery-target.ts';
import { parseMicros } from '../postgres/timestamp.ts';
import { recoveryOf } from './planned-recovery.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { RestoreRequest } from './restore-request.ts';

/** `odo resume RUN --target-…`: null leaves it as it was. */
export interface RecoveryChange {
  readonly target: RecoveryTarget | null;
  readonly timeline: TargetTimeline | null;
  readonly action: RecoveryTargetAction | null;
  /** Times that were given in words, and what they were taken for. */
  readonly readings?: readonly string[];
}

/**
 * What a run is asked for from now on. One that was to wait when consistent was not to be promoted without a word: it
 * goes to its new target and waits there. Where a target lies must be known, so its WAL is read record by record.
 */
export function changedRequest(
  request: RestoreRequest,
  { target, timeline, action, readings = [] }: RecoveryChange,
  backup: string,
): RestoreRequest {
  const { recovery } = request;
  return {
    ...request,
    backup,
    before: null,
    readings,
    // What was agreed to in a file had another target.
    signedPlan: null,
    promote: true,
    recovery: {
      ...recovery,
      target: target ?? recovery.target,
      timeline: timeline ?? recovery.timeline,
      action: action ?? (request.promote ? recovery.action : 'shutdown'),
      check: 'records',
    },
  };
}

/** How far the data files of a run were recovered. */
export interface Standing {
  /** Everything in front of it is replayed. */
  readonly lsn: string;
  readonly consistentAt: string;
  /** When the last transaction ended that is in the data; null when that is not known. */
  readonly lastTransaction: string | null;
  /** They went on to a timeline of their own. */
  readonly isPromoted: boolean;
}

/**
 * Whether the data files lie behind a target already: WAL is only replayed forwards. Null: recovery simply goes on;
 * otherwise why it cannot. @throws PRECONDITION_FAILED when nobody can tell
 */
export function whyBeyond(
  standing: Standing,
  former: Pick<RestorePlan, 'contents' | 'recovery'>,
  next: Pick<RestorePlan, 'contents' | 'recovery'>,
): string | null {
  if (standing.isPromoted) return 'The data files were promoted to a timeline of their own already';
  const [was, is] = [former.contents.wal?.timeline, next.contents.wal?.timeline];
  if (was !== is)
    return `The data files were recovered along timeline ${was}, and the new target is on timeline ${is}`;
  const { target, stop, proof } = recoveryOf(next);
  if (target.kind === 'end') return null;
  if (JSON.stringify(stop) === JSON.stringify(recoveryOf(former).stop)) return null;
  if (!isBehind(standing, stop, proof?.stop?.lsn ?? null)) return null;
  const last =
    standing.lastTransaction === null
      ? ''
      : `, the last transaction in them is of ${standing.lastTransaction}`;
  return `The data files were recovered up to ${standing.lsn}${last}, and the new target (${targetText(stop)}) lies before that`;
}

function isBehind(standing: Standing, stop: RecoveryTarget, provenLsn: string | null): boolean {
  if (stop.kind === 'immediate') return parseLsn(standing.lsn) > parseLsn(standing.consistentAt);
  const lsn = provenLsn ?? (stop.kind === 'lsn' ? stop.lsn : null);
  if (lsn !== null) return parseLsn(standing.lsn) > parseLsn(lsn);
  const [last, wanted] = [micros(standing.lastTransaction), stop.kind === 'time' ? micros(stop.time) : null];
  if (last !== null && wanted !== null) return last > wanted;
  throw new OdoError(
    'PRECONDITION_FAILED',
    `Whether ${targetText(stop)} lies before or behind ${standing.lsn}, up to which the data files were recovered, cannot be told.`,
    { hint: 'Name the target by its position in the WAL: --target-lsn.' },
  );
}

const micros = (time: string | null): bigint | null => (time === null ? null : parseMicros(time));
