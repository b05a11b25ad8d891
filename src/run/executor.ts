import { OdoError } from '../errors/odo-error.ts';
import type { ErrorData } from '../errors/serialize.ts';
import { type JournalDatabase, openJournal } from '../journal/open.ts';
import { findRun, type RunRecord } from '../journal/runs.ts';
import { completedOutput } from '../journal/steps.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import { type RestoreRequest, storedRequest } from '../steps/restore-request.ts';
import type { StepFacts } from '../steps/step.ts';
import { parseStorageUrl } from '../storage/storage-url.ts';
import { withEvidence } from './evidence/leave-evidence.ts';
import { refuseFilesInTarget } from './kept-places.ts';
import { makeRun, type NewRun } from './new-run.ts';
import type { AskedMove, RunOutcome, RunSurroundings } from './run-api.ts';
import { startByKey } from './run-by-key.ts';
import { stepOfHeld } from './run-events.ts';
import { outcomeOf } from './run-outcome.ts';
import { type RunOptions, RunProcess } from './run-process.ts';
import { unknownRun } from './status.ts';
import { removeIdleJournal, requireVolume } from './volume-journal.ts';

/** Nothing but what the run itself does next. */
const asItIs: Omit<RunOptions, 'epoch'> = {
  takeOver: false,
  redo: [],
  event: null,
  move: null,
  revives: false,
  abandons: null,
};

export async function startRun(asked: RestoreRequest, surroundings: RunSurroundings): Promise<RunOutcome> {
  await requireVolume(asked);
  try {
    return await withEvidence(surroundings, () => start(asked, surroundings));
  } finally {
    await removeIdleJournal(surroundings.journalFile);
  }
}

async function start(asked: RestoreRequest, surroundings: RunSurroundings): Promise<RunOutcome> {
  // An address that cannot be read from is no run yet.
  parseStorageUrl(asked.source.url);
  if (asked.walUrl != null) parseStorageUrl(asked.walUrl);
  await refuseFilesInTarget(asked, surroundings.journalFile);
  const database = openJournal(surroundings.journalFile);
  try {
    const begin = ({ runId, request }: NewRun): Promise<RunOutcome> =>
      new RunProcess(database, runId, request, surroundings, 'end').run('started', { ...asItIs, epoch: 0 });
    const { runKey = null } = asked;
    if (runKey === null) return await begin(makeRun(database, asked));
    const ways = { begin, goOn: (runId: string) => goOn(runId, surroundings, asItIs) };
    return await startByKey(database, { ...asked, runKey }, surroundings, ways);
  } finally {
    database.close();
  }
}

export async function resumeRun(
  runId: string,
  surroundings: RunSurroundings,
  options: { redo: readonly string[]; takeOver: boolean; move: AskedMove | null },
): Promise<RunOutcome> {
  try {
    return await withEvidence(surroundings, () => goOn(runId, surroundings, { ...options, event: null }));
  } finally {
    await removeIdleJournal(surroundings.journalFile);
  }
}

/** Finishes a run that is held, when the database is consistent or at its target. */
export async function promoteRun(runId: string, surroundings: RunSurroundings): Promise<RunOutcome> {
  const options = { ...asItIs, event: { type: 'PROMOTE' } } as const;
  return withEvidence(surroundings, () => goOn(runId, surroundings, options));
}

/** Every preliminary check and the plan, on a journal in memory: nothing is changed and nothing kept. */
export async function planRun(
  asked: RestoreRequest,
  surroundings: RunSurroundings,
): Promise<{ plan: RestorePlan | null; problems: readonly ErrorData[] }> {
  const database = openJournal(':memory:');
  try {
    const { runId, request } = makeRun(database, asked);
    const process = new RunProcess(database, runId, request, surroundings, 'plan');
    const outcome = await process.run('started', { ...asItIs, epoch: 0 });
    if (outcome.status === 'interrupted') throw new OdoError('INTERRUPTED', 'The plan was interrupted.');
    const { refusals, failure } = process.lastContext();
    const problems = refusals.length > 0 ? refusals : failure === null ? [] : [failure];
    return { plan: process.plan(), problems };
  } finally {
    database.close();
  }
}

/** Gives a run up and removes what it made; of one that has nothing it says how it ended. */
export async function abandonRun(
  runId: string,
  surroundings: RunSurroundings,
  { takeOver, confirmed }: { takeOver: boolean; confirmed: boolean },
): Promise<RunOutcome> {
  const database = openJournal(surroundings.journalFile);
  try {
    const run = requireRun(database, runId);
    if (run.status === 'completed' && run.kind === 'restore') {
      throw new OdoError(
        'USAGE',
        `Run ${runId} is completed, and what it restored goes its own way by now.`,
        {
          hint: 'There is nothing of the run that could be given up.',
        },
      );
    }
    const isOver = run.status === 'completed' || run.status === 'abandoned';
    if (isOver || run.status === 'refused' || run.status === 'declined')
      return { ...outcomeOf(run, run.status, null), exitCode: 0 };
    return await withEvidence(surroundings, () =>
      abandon(database, run, surroundings, { takeOver, confirmed }),
    );
  } finally {
    database.close();
    await removeIdleJournal(surroundings.journalFile);
  }
}

async function abandon(
  database: JournalDatabase,
  run: RunRecord,
  surroundings: RunSurroundings,
  { takeOver, confirmed }: { takeOver: boolean; confirmed: boolean },
): Promise<RunOutcome> {
  const process = new RunProcess(database, run.id, storedRequest(run.request), surroundings, 'end');
  return process.run('resumed', { ...asItIs, epoch: run.epoch, takeOver, abandons: { confirmed } });
}

function requireRun(database: JournalDatabase, runId: string): RunRecord {
  const run = findRun(database, runId);
  if (run === null) throw unknownRun(database, runId);
  return run;
}

async function goOn(
  runId: string,
  surroundings: RunSurroundings,
  options: Omit<RunOptions, 'epoch' | 'revives' | 'abandons'>,
): Promise<RunOutcome> {
  const database = openJournal(surroundings.journalFile);
  try {
    const run = requireRun(database, runId);
    if (run.status === 'refused' || run.status === 'declined') {
      throw new OdoError(
        'USAGE',
        `Run ${runId} was ${run.status} before anything was touched; there is nothing to go on with.`,
        {
          hint: 'Start a new one with: odo start',
        },
      );
    }
    if (run.status === 'abandoned') {
      throw new OdoError('USAGE', `Run ${runId} was abandoned, and what it made is removed.`, {
        hint: 'Start a new one with: odo start',
      });
    }
    if (run.status === 'completed' && options.move !== null) {
      throw new OdoError(
        'USAGE',
        `Run ${runId} is completed, and what it restored goes its own way by now.`,
        {
          hint: 'Restore to another target with: odo start',
        },
      );
    }
    const waits = run.status === 'held' && options.event === null && options.move === null;
    const revives = waits && (run.kind === 'drill' || isPaused(database, runId));
    if (run.status === 'completed' || (waits && !revives && options.redo.length === 0))
      return outcomeOf(run, run.status, null);
    if (run.kind === 'drill' && (options.event !== null || options.move !== null)) {
      throw new OdoError('USAGE', `Run ${runId} is a drill: it goes to its target and is removed.`, {
        hint: 'Start another drill with the target that you want: odo drill',
      });
    }
    if (run.abandonedAtMs !== null) {
      if (options.event === null && options.move === null)
        return await abandon(database, run, surroundings, { takeOver: options.takeOver, confirmed: true });
      throw new OdoError('USAGE', `Run ${runId} is being given up, and can only be removed.`, {
        hint: `Finish that with: odo abandon ${runId}`,
      });
    }
    if (options.event !== null && run.status !== 'held') {
      throw new OdoError('USAGE', `Run ${runId} is not waiting to be promoted; it is ${run.status}.`, {
        hint: `See where it stands with: odo status ${runId}`,
      });
    }
    const request = storedRequest(run.request);
    const process = new RunProcess(database, runId, request, surroundings, 'end');
    return await process.run('resumed', {
      ...options,
      epoch: run.epoch,
      revives: revives && options.redo.length === 0,
      abandons: null,
    });
  } finally {
    database.close();
  }
}

/** Held with a server that answers queries. */
function isPaused(database: JournalDatabase, runId: string): boolean {
  const reached = completedOutput(database, runId, stepOfHeld['at-target'], '') as StepFacts | null;
  return reached?.heldBy === 'pause';
}
