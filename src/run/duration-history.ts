import { toErrorData } from '../errors/serialize.ts';
import { listMeasuredSteps, readOutputMembers } from '../journal/measured-steps.ts';
import { type JournalDatabase, openJournalForReading } from '../journal/open.ts';
import { findRun } from '../journal/runs.ts';
import { type MeasuredPhase, type RestoreSize, segmentCounts } from '../steps/expected-duration.ts';
import { timedPhases } from '../steps/phase-assumptions.ts';
import { storedRequest } from '../steps/restore-request.ts';

/** A plan may name fifty thousand files: no more of them are looked into. */
const runsLookedAt = 40;

/**
 * What earlier runs of the journal took, newest first; nothing when there is no journal yet. One that cannot be read
 * forbids no plan.
 */
export function readDurationHistory(
  journalFile: string,
  onProblem: (message: string) => void,
): MeasuredPhase[] {
  try {
    return readMeasured(journalFile);
  } catch (error) {
    onProblem(`The expected durations are assumed, not measured: ${toErrorData(error).message}`);
    return [];
  }
}

function readMeasured(journalFile: string): MeasuredPhase[] {
  const database = openJournalForReading(journalFile);
  if (database === null) return [];
  try {
    const sizes = new Map<string, RestoreSize | null>();
    const steps = listMeasuredSteps(database, runsLookedAt);
    // A promotion behind it had nothing left to replay.
    const heldAtTarget = new Set(
      steps.filter(({ name }) => name === 'reachTarget').map(({ runId }) => runId),
    );
    return steps.flatMap(({ runId, name, durationMs }) => {
      if (!(timedPhases as readonly string[]).includes(name)) return [];
      if (name === 'promote' && heldAtTarget.has(runId)) return [];
      if (!sizes.has(runId)) sizes.set(runId, sizeOfRun(database, runId));
      const of = sizes.get(runId) ?? null;
      return of === null ? [] : [{ phase: name, durationMs, of }];
    });
  } finally {
    database.close();
  }
}

/** Null for a run that stored none of it in the form that is known here. */
function sizeOfRun(database: JournalDatabase, runId: string): RestoreSize | null {
  const run = findRun(database, runId);
  const facts = readOutputMembers(database, { runId, name: 'plan' }, [
    '$.contents.backup.format',
    '$.target.kind',
    '$.access',
    '$.contents.wal.beginSegment',
    '$.contents.wal.consistentSegment',
    '$.contents.wal.lastSegment',
    '$.contents.wal.segmentBytes',
    '$.contents.wal.source',
    '$.recovery.spoolBytes',
  ]);
  const base = readOutputMembers(database, { runId, name: 'restoreBase' }, ['$.storedBytes']);
  if (run === null || facts === null) return null;
  const [format, targetKind, access, ...wal] = facts;
  const [beginSegment, consistentSegment, lastSegment, segmentBytes, source, spoolBytes] = wal;
  const hasWal =
    [beginSegment, consistentSegment, lastSegment].every((name) => typeof name === 'string') &&
    typeof segmentBytes === 'number';
  const request = storedRequest(run.request);
  return {
    storedBytes: typeof base?.[0] === 'number' ? base[0] : 0,
    ...segmentCounts(
      hasWal
        ? {
            beginSegment: String(beginSegment),
            consistentSegment: String(consistentSegment),
            lastSegment: String(lastSegment),
            segmentBytes,
          }
        : null,
      source === 'archive' && typeof spoolBytes === 'number' ? spoolBytes : null,
    ),
    sourceUrl: request.source.url,
    format: String(format),
    targetKind: String(targetKind),
    access: String(access),
    maxRateBytesPerSecond: request.maxRateBytesPerSecond,
  };
}
