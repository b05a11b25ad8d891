import { OdoError } from '../errors/odo-error.ts';
import type { ErrorData } from '../errors/serialize.ts';
import { openJournal } from '../journal/open.ts';
import { createRun, findRun } from '../journal/runs.ts';
import type { MachineEvent } from '../machine/events.ts';
import { machineVersion } from '../machine/version.ts';
import { withDataPlaneDefaults } from '../steps/data-plane-options.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import { parseStorageUrl } from '../storage/storage-url.ts';
import { odoVersion } from './odo-version.ts';
import type { RunOutcome, RunSurroundings } from './run-api.ts';
import { newRunId } from './run-id.ts';
import { RunProcess } from './run-process.ts';
import { unknownRun } from './status.ts';

export async function startRun(request: RestoreRequest, surroundings: RunSurroundings): Promise<RunOutcome> {
  // An address that cannot be read from is no run yet.
  parseStorageUrl(request.source.url);
  if (request.walUrl != null) parseStorageUrl(request.walUrl);
  const database = openJournal(surroundings.journalFile);
  try {
    const now = new Date();
    const runId = newRunId(now);
    createRun(database, { id: runId, request, odoVersion, machineVersion, startedAtMs: now.getTime() });
    return await new RunProcess(database, runId, request, surroundings, 'end').run('started', {
      takeOver: false,
      redo: [],
      event: null,
    });
  } finally {
    database.close();
  }
}

export async function resumeRun(
  runId: string,
  surroundings: RunSurroundings,
  options: { redo: readonly string[]; takeOver: boolean },
): Promise<RunOutcome> {
  return goOn(runId, surroundings, { ...options, event: null });
}

/** Finishes a run that stopped when the database was consistent. */
export async function promoteRun(runId: string, surroundings: RunSurroundings): Promise<RunOutcome> {
  return goOn(runId, surroundings, { redo: [], takeOver: false, event: { type: 'PROMOTE' } });
}

/** Every preliminary check and the plan, on a journal in memory: nothing is changed and nothing kept. */
export async function planRun(
  request: RestoreRequest,
  surroundings: RunSurroundings,
): Promise<{ plan: RestorePlan | null; problems: readonly ErrorData[] }> {
  const database = openJournal(':memory:');
  try {
    const now = new Date();
    const runId = newRunId(now);
    createRun(database, { id: runId, request, odoVersion, machineVersion, startedAtMs: now.getTime() });
    const process = new RunProcess(database, runId, request, surroundings, 'plan');
    const outcome = await process.run('started', { takeOver: false, redo: [], event: null });
    if (outcome.status === 'interrupted') throw new OdoError('INTERRUPTED', 'The plan was interrupted.');
    const { refusals, failure } = process.lastContext();
    const problems = refusals.length > 0 ? refusals : failure === null ? [] : [failure];
    return { plan: process.plan(), problems };
  } finally {
    database.close();
  }
}

async function goOn(
  runId: string,
  surroundings: RunSurroundings,
  options: { redo: readonly string[]; takeOver: boolean; event: MachineEvent | null },
): Promise<RunOutcome> {
  const database = openJournal(surroundings.journalFile);
  try {
    const run = findRun(database, runId);
    if (run === null) throw unknownRun(database, runId);
    if (run.status === 'refused' || run.status === 'declined') {
      throw new OdoError(
        'USAGE',
        `Run ${runId} was ${run.status} before anything was touched; there is nothing to go on with.`,
        {
          hint: 'Start a new one with: odo start',
        },
      );
    }
    if (run.status === 'completed' || (run.status === 'held' && options.event === null)) {
      return {
        runId,
        status: run.status,
        exitCode: 0,
        error: null,
        resumable: run.status === 'held',
      };
    }
    if (options.event !== null && run.status !== 'held') {
      throw new OdoError('USAGE', `Run ${runId} is not waiting to be promoted; it is ${run.status}.`, {
        hint: `See where it stands with: odo status ${runId}`,
      });
    }
    const request = withDataPlaneDefaults<RestoreRequest>(run.request);
    const process = new RunProcess(database, runId, request, surroundings, 'end');
    return await process.run('resumed', options);
  } finally {
    database.close();
  }
}
