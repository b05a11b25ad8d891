import type { AttemptHistory } from '../../journal/attempts.ts';
import { readOutputMembers } from '../../journal/measured-steps.ts';
import type { JournalDatabase } from '../../journal/open.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import type { Phase } from '../run-events.ts';
import { type WorkedSpan, workedMs } from './phase-spans.ts';

/** What was measured about a run, as its steps tell it. Null is unknown. */
export interface MeasuredRun {
  /** Until the database answered its first query. */
  readonly rtoMs: number | null;
  readonly rpoMs: number | null;
  readonly lastCommitAt: string | null;
  readonly behindArchiveMs: number | null;
  readonly storedBytes: number | null;
  readonly restoredBytes: number | null;
  readonly walBytes: number | null;
}

/** When a run was worked on. */
export interface Work {
  readonly attempts: readonly AttemptHistory[];
  readonly spans: readonly WorkedSpan[];
}

/** After the first answer, whenever that was. */
const behindTheAnswer: readonly Phase[] = ['cleanUp', 'tearDown'];

/** Reads no plan as a whole: that of a plain backup names every file, and the trend looks at thirty of them. */
export function measureRun(
  database: JournalDatabase,
  { runId, startedAtMs }: { readonly runId: string; readonly startedAtMs: number },
  { attempts, spans }: Work,
): MeasuredRun {
  const read = (name: string, paths: readonly string[]): unknown[] =>
    readOutputMembers(database, { runId, name }, paths) ?? [];
  const [storedBytes, restoredBytes] = read('restoreBase', ['$.storedBytes', '$.bytes']).map(number);
  const [endLsn, lastTransaction] = read('promote', ['$.endLsn', '$.lastTransaction']).map(text);
  const [heldLsn, heldTransaction, heldTime] = read('reachTarget', [
    '$.lsn',
    '$.lastTransaction',
    '$.time',
  ]).map(text);
  const [checkpointAt] = read('recover', ['$.checkpointAt']).map(text);
  const [beginLsn, target, provenTime, stop] = read('plan', [
    '$.contents.backup.beginLsn',
    '$.recovery.target.kind',
    '$.recovery.proof.lastCommit.time',
    '$.recovery.proof.toLsn',
  ]).map(text);
  const recoveredTo = endLsn ?? heldLsn ?? null;
  const lastCommitAt = recoveredTo === null ? null : (lastTransaction ?? heldTransaction ?? heldTime ?? null);
  // Without a commit in the WAL, the newest are those in front of it: they may be as old as its last checkpoint.
  const pointMs = recoveredTo === null ? null : millis(lastCommitAt ?? provenTime ?? checkpointAt ?? null);
  const toTheEnd = target === 'end' || target == null;
  const ready = millis(text(read('prove', ['$.readyAt'])[0]));
  const answer = firstAnswer(ready, { attempts, spans });
  return {
    rtoMs: answer === null ? null : timeToAnswer(spans, answer),
    rpoMs: pointMs === null ? null : Math.max(0, startedAtMs - pointMs),
    lastCommitAt: lastCommitAt ?? (recoveredTo === null ? null : (provenTime ?? null)),
    behindArchiveMs:
      recoveredTo === null || !toTheEnd || stop == null ? null : behindMs(lastCommitAt, provenTime ?? null),
    storedBytes: storedBytes ?? null,
    restoredBytes: restoredBytes ?? null,
    walBytes:
      recoveredTo === null || beginLsn == null
        ? null
        : Math.max(0, Number(parseLsn(recoveredTo) - parseLsn(beginLsn))),
  };
}

/** Of the processes before the one that answered everything counts, also where a clock that was put back denies it. */
function timeToAnswer(spans: readonly WorkedSpan[], answer: Answer): number {
  const counted = spans.filter(({ phase }) => !behindTheAnswer.includes(phase));
  return (
    workedMs(
      counted.filter(({ epoch }) => epoch < answer.epoch),
      Number.POSITIVE_INFINITY,
    ) +
    workedMs(
      counted.filter(({ epoch }) => epoch === answer.epoch),
      answer.ms,
    )
  );
}

interface Answer {
  readonly epoch: number;
  readonly ms: number;
}

/**
 * A drill's database answers before anything is proved about it, also in an attempt that was killed while it proved; a
 * restored one when it was verified.
 */
function firstAnswer(readyMs: number | null, { attempts, spans }: Work): Answer | null {
  const proved = spans.findLast(({ phase }) => phase === 'prove');
  const answers: Answer[] = [
    ...(readyMs === null || proved === undefined ? [] : [{ epoch: proved.epoch, ms: readyMs }]),
    ...attempts.flatMap(({ name, instance, epoch, startedAtMs }) =>
      name === 'prove' && instance !== '' ? [{ epoch, ms: startedAtMs }] : [],
    ),
    ...spans.flatMap(({ phase, outcome, epoch, endMs }) =>
      phase === 'verify' && outcome === 'completed' && endMs !== null ? [{ epoch, ms: endMs }] : [],
    ),
  ];
  return answers.sort((one, other) => one.epoch - other.epoch || one.ms - other.ms)[0] ?? null;
}

/** Recovered to the end: what the archive's last commit is ahead of. */
function behindMs(recovered: string | null, inArchive: string | null): number {
  const [is, could] = [millis(recovered), millis(inArchive)];
  return is === null || could === null ? 0 : Math.max(0, could - is);
}

const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const millis = (time: string | null): number | null => {
  const ms = time === null ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? null : ms;
};

/** Of one phase or several, all attempts that ended together. */
export const phaseMs = (spans: readonly WorkedSpan[], phases: readonly Phase[]): number =>
  workedMs(
    spans.filter(({ phase, endMs }) => phases.includes(phase) && endMs !== null),
    Number.POSITIVE_INFINITY,
  );
