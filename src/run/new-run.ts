import { type JournalDatabase, wrapping } from '../journal/open.ts';
import { createRun } from '../journal/runs.ts';
import { machineVersion } from '../machine/version.ts';
import { withOwnTarget } from '../steps/drill-target.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import { odoVersion } from './odo-version.ts';
import { newRunId } from './run-id.ts';

export interface NewRun {
  readonly runId: string;
  /** As it was asked for; of a drill with the target that belongs to this run alone. */
  readonly request: RestoreRequest;
}

/** A run that nobody works on yet. */
export function makeRun(database: JournalDatabase, asked: RestoreRequest): NewRun {
  const now = new Date();
  const runId = newRunId(now);
  const request = withOwnTarget(asked, runId);
  wrapping(database.name, () =>
    createRun(database, {
      id: runId,
      kind: request.drill == null ? 'restore' : 'drill',
      runKey: request.runKey ?? null,
      request,
      odoVersion,
      machineVersion,
      startedAtMs: now.getTime(),
    }),
  );
  return { runId, request };
}
