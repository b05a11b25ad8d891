import { OdoError } from '../errors/odo-error.ts';
import { listCheckpoints, listEvents } from '../journal/history.ts';
import { type JournalDatabase, openJournalForReading } from '../journal/open.ts';
import { countRuns, findRun, listRunIds, listRunRecords, type RunRecord } from '../journal/runs.ts';
import {
  type AttemptRecord,
  completedOutput,
  findStep,
  lastCheckpoint,
  listAttempts,
  listStepStates,
} from '../journal/steps.ts';
import type { ServiceSpec } from '../service/service.ts';
import { batchesOf } from '../steps/file-batches.ts';
import { belongsTo, isTimed, purposeOf } from '../steps/phase-assumptions.ts';
import { summarize } from '../steps/plan-restore.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import { type RestoreRequest, storedRequest } from '../steps/restore-request.ts';
import { isWorkedOn } from './executor-identity.ts';
import type { KeptReplay, PhaseStatus, RunList, RunStatus } from './run-api.ts';
import { type Phase, phases, type RunEvent, stepOfHeld } from './run-events.ts';
import { nextOf } from './run-outcome.ts';

/** A mistyped id is of a run that is still of interest. */
const namedRuns = 1000;

/** One run, from the journal alone: true at every moment, whatever the process that works on it does. */
export function readStatus(journalFile: string, runId: string): RunStatus {
  const database = openJournalForReading(journalFile);
  if (database === null) throw unknownRun(null, runId, journalFile);
  try {
    const run = findRun(database, runId);
    if (run === null) throw unknownRun(database, runId);
    const recovery = listEvents(database, runId, 'recovery') as RecoveryEvent[];
    return { ...describe(database, run), recovery: recovery.map(({ runId: _, type: __, ...told }) => told) };
  } finally {
    database.close();
  }
}

/** The newest `last` runs, newest first, and how many there are; none when there is no journal yet. */
export function listRuns(journalFile: string, { last }: { last: number }): RunList {
  const database = openJournalForReading(journalFile);
  if (database === null) return { runs: [], total: 0 };
  try {
    const runs = listRunRecords(database, last).map((run) => describe(database, run));
    return { runs, total: countRuns(database) };
  } finally {
    database.close();
  }
}

/** Ids of the newest runs, newest first. */
export function listRunNames(journalFile: string): string[] {
  const database = openJournalForReading(journalFile);
  if (database === null) return [];
  try {
    return listRunIds(database, namedRuns);
  } finally {
    database.close();
  }
}

export function unknownRun(database: JournalDatabase | null, runId: string, journalFile?: string): OdoError {
  const near = database === null ? [] : listRunIds(database, 3);
  return new OdoError(
    'RUN_NOT_FOUND',
    `There is no run ${runId} in the journal ${database?.name ?? journalFile}.`,
    {
      hint:
        near.length === 0
          ? 'The journal holds no runs; --journal FILE names another one.'
          : `The latest runs are ${near.join(', ')}.`,
      details: { near },
    },
  );
}

type RecoveryEvent = Extract<RunEvent, { type: 'recovery' }>;

function describe(database: JournalDatabase, run: RunRecord): RunStatus {
  const request = storedRequest(run.request);
  const plan = completedOutput(database, run.id, 'plan', '') as RestorePlan | null;
  const held = isWorkedOn(run);
  const status = run.status === 'running' && !held ? 'interrupted' : run.status;
  const next = nextOf(run, status);
  const attempts = listAttempts(database, run.id);
  const stateOf = stepStates(database, run.id);
  const described = phases
    .filter((phase) => !isTimed(phase) || belongsTo(phase, purposeOf(request)))
    .filter((phase) => phase !== 'confirm' && isPlanned(phase, plan))
    .map((phase) => describePhase(database, run.id, phase, stateOf, attempts, status));
  // Of a step itself it is only a position to show, not one from which anything goes on.
  const checkpoints = listCheckpoints(database, run.id).filter(({ instance }) => instance !== '');
  const currentPhase =
    described.find((phase) => phase.state !== 'completed' && phase.state !== 'pending')?.phase ?? null;
  return {
    runId: run.id,
    kind: run.kind,
    runKey: run.runKey,
    status,
    verdict: run.verdict,
    abandonedAt: run.abandonedAtMs === null ? null : iso(run.abandonedAtMs),
    startedAt: iso(run.startedAtMs),
    endedAt: run.endedAtMs === null ? null : iso(run.endedAtMs),
    source: request.source.url,
    backup: plan?.contents.backup.id ?? null,
    target: plan?.targetDescription ?? describeTarget(request),
    service: plan?.serviceDescription ?? describeService(request.service),
    planDigest: plan?.digest ?? null,
    planFile: request.signedPlan?.file ?? null,
    currentPhase,
    phases: described,
    baseBytes: plan === null ? null : baseBytes(plan, stateOf, checkpoints),
    replay:
      currentPhase === null
        ? null
        : (lastCheckpoint(database, run.id, currentPhase, '') as KeptReplay | null),
    recovery: [],
    lastCheckpointAt:
      checkpoints.length === 0
        ? null
        : iso(Math.max(...checkpoints.map((checkpoint) => checkpoint.savedAtMs))),
    heldBy:
      held && run.lease !== null ? `process ${run.lease.executor.pid} on ${run.lease.executor.host}` : null,
    error: run.error,
    held: run.status === 'held' ? whyHeld(database, run, stateOf) : null,
    next: next === null ? null : `odo ${next} ${run.id}`,
  };
}

/** Phases that this run's plan leaves out are not shown as pending. Before there is a plan, all may come. */
function isPlanned(phase: Phase, plan: RestorePlan | null): boolean {
  if (plan === null) return true;
  const { stopsFirst, switchesOver, hasService, atTarget, standby } = summarize(plan);
  if (phase === 'stopService') return stopsFirst;
  if (phase === 'switchOver') return switchesOver;
  if (phase === 'reachTarget') return standby || atTarget !== 'promote';
  if (phase === 'promote') return !standby;
  return phase !== 'startService' || hasService;
}

function whyHeld(
  database: JournalDatabase,
  { id, kind }: RunRecord,
  stateOf: StateOf,
): NonNullable<RunStatus['held']> {
  const atTarget = stateOf(stepOfHeld['at-target'], '') === 'completed';
  const reason = kind === 'drill' ? 'kept' : atTarget ? 'at-target' : 'not-promoted';
  const facts = findStep(database, id, stepOfHeld[reason], '')?.output ?? {};
  return { reason, facts: facts as PhaseFacts };
}

type PhaseFacts = NonNullable<PhaseStatus['facts']>;

type StateOf = (name: string, instance: string) => 'intended' | 'completed' | null;

function stepStates(database: JournalDatabase, runId: string): StateOf {
  const states = new Map(
    listStepStates(database, runId).map(({ name, instance, state }) => [`${name} ${instance}`, state]),
  );
  return (name, instance) => states.get(`${name} ${instance}`) ?? null;
}

const iso = (ms: number): string => new Date(ms).toISOString();

function describePhase(
  database: JournalDatabase,
  runId: string,
  phase: Phase,
  stateOf: StateOf,
  attempts: readonly AttemptRecord[],
  runStatus: RunStatus['status'],
): PhaseStatus {
  const recorded = stateOf(phase, '');
  const own = attempts.filter((attempt) => attempt.name === phase && attempt.instance === '');
  const last = own.at(-1);
  const state =
    recorded === null
      ? 'pending'
      : recorded === 'completed'
        ? 'completed'
        : last?.outcome === 'failed'
          ? 'failed'
          : last?.outcome === 'interrupted' || runStatus !== 'running'
            ? 'interrupted'
            : 'running';
  const memorized = phase !== 'preflight' && phase !== 'plan';
  return {
    phase,
    state,
    attempts: own.length,
    startedAt: own[0] === undefined ? null : iso(own[0].startedAtMs),
    endedAt: last?.endedAtMs == null ? null : iso(last.endedAtMs),
    facts:
      memorized && state === 'completed'
        ? (findStep(database, runId, phase, '')?.output as PhaseFacts)
        : null,
  };
}

function baseBytes(
  plan: RestorePlan,
  stateOf: StateOf,
  checkpoints: ReturnType<typeof listCheckpoints>,
): { done: number; total: number } {
  const { archives: newest, links = [] } = plan.contents;
  const archives = [
    ...links.flatMap((link) => link.archives),
    ...newest.filter((archive) => archive.content !== 'wal'),
    ...batchesOf([...links.flatMap((link) => link.trees ?? []), ...(plan.contents.trees ?? [])]),
  ];
  const done = archives.reduce((sum, archive) => {
    if (stateOf('restoreBase', archive.name) === 'completed') return sum + archive.sizeBytes;
    // Its own, or those of its stretches: an archive is restored in one way or the other.
    const own = checkpoints.filter(
      ({ name, instance }) =>
        name === 'restoreBase' && (instance === archive.name || instance.startsWith(`${archive.name}#`)),
    );
    return sum + own.reduce((bytes, { progress }) => bytes + progress, 0);
  }, 0);
  return { done, total: archives.reduce((sum, archive) => sum + archive.sizeBytes, 0) };
}

function describeTarget(request: RestoreRequest): string {
  const { target } = request;
  return target.kind === 'data-directory' ? target.path : `volume ${target.name}`;
}

function describeService(service: ServiceSpec): string {
  switch (service.kind) {
    case 'compose':
      return `Compose service ${service.service}`;
    case 'container':
      return `container ${service.container}`;
    case 'local':
      return 'local server';
    case 'none':
      return 'none';
  }
}
