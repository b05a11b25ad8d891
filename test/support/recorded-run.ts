import type { ErrorData } from '../../src/errors/serialize.ts';
import type { JournalDatabase } from '../../src/journal/open.ts';
import { RunJournal } from '../../src/journal/run-journal.ts';
import { acquireLease, createRun, type RunState, releaseLease } from '../../src/journal/runs.ts';
import type { ProofItem } from '../../src/report/run-report.ts';
import { currentExecutor } from '../../src/run/executor-identity.ts';
import type { UnstampedEvent } from '../../src/run/run-events.ts';
import type { DrillRequest } from '../../src/steps/drill-request.ts';
import type { RestorePlan } from '../../src/steps/restore-plan.ts';
import type { RestoreRequest } from '../../src/steps/restore-request.ts';
import { samplePlan, sampleRecovery } from '../../tools/sample-events.ts';
import { plainDrill, plainRequest } from './facts.ts';

export const drillRequest: DrillRequest = { ...plainDrill, database: 'orders' };

/** To the end of the WAL, and proved to lead there. */
export const drillPlan: RestorePlan = {
  ...samplePlan,
  contents: { ...samplePlan.contents, manifestKey: 'main/backup_manifest' },
  service: { kind: 'none' },
  recovery: { ...sampleRecovery, target: { kind: 'end' } },
  drill: { ...drillRequest, beside: 'Compose service db' },
};

export const passedProof = (id: string): ProofItem => ({
  id,
  title: id,
  outcome: 'passed',
  summary: 'fine',
  details: [],
  durationMs: 10,
});

export interface RecordedRun {
  readonly id: string;
  /** A second attempt of the process: another odo goes on with the run. */
  resume(): void;
  /** On the run's clock. @unit seconds */
  wait(seconds: number): void;
  begin(step: string, instance?: string): number;
  end(step: string, attempt: number, output?: unknown, instance?: string): void;
  fail(step: string, attempt: number, error: ErrorData): void;
  interrupt(step: string, attempt: number): void;
  /** Begin, wait, end. */
  do(step: string, seconds: number, output?: unknown, instance?: string): void;
  event(event: UnstampedEvent): void;
  checkpoint(step: string, instance: string, progress: number): void;
  sample(phase: string, data: unknown): void;
  status(status: RunState, error?: ErrorData | null): void;
  now(): string;
}

/** A run as odo writes it down, with a clock of its own. */
export function recordRun(
  database: JournalDatabase,
  options: { id: string; startedAt: string; request?: Partial<RestoreRequest> },
): RecordedRun {
  const { id } = options;
  let nowMs = Date.parse(options.startedAt);
  const request = { ...plainRequest, source: samplePlan.source, ...options.request };
  createRun(database, { id, request, odoVersion: '0.1.0', machineVersion: 1, startedAtMs: nowMs });
  if (request.drill != null) database.prepare("UPDATE run SET kind = 'drill' WHERE id = ?").run(id);
  const open = () => {
    const lease = { nowMs, expiresAtMs: nowMs, takeOver: true, isDead: () => true };
    const epoch = acquireLease(database, id, currentExecutor(), lease);
    return new RunJournal(database, id, epoch, currentExecutor(), () => nowMs);
  };
  let journal = open();
  const stamped = (event: UnstampedEvent) => ({ at: new Date(nowMs).toISOString(), runId: id, ...event });
  journal.appendEvent(stamped({ type: 'run', status: 'started' }));
  const run: RecordedRun = {
    id,
    resume() {
      journal = open();
      run.event({ type: 'run', status: 'resumed' });
    },
    wait: (seconds) => {
      nowMs += seconds * 1000;
    },
    begin: (name, instance = '') =>
      journal.intendStep({ name, instance, version: 1, input: 'null', inputHash: '' }),
    end: (name, attempt, output = {}, instance = '') => journal.completeStep(name, instance, attempt, output),
    fail: (name, attempt, error) => journal.endAttempt(name, '', attempt, 'failed', error),
    interrupt: (name, attempt) => journal.endAttempt(name, '', attempt, 'interrupted', null),
    do(name, seconds, output = {}, instance = '') {
      const attempt = run.begin(name, instance);
      run.wait(seconds);
      run.end(name, attempt, output, instance);
    },
    event: (event) => journal.appendEvent(stamped(event)),
    checkpoint: (step, instance, progress) => journal.saveCheckpoint(step, instance, progress, null, null),
    sample: (phase, data) => {
      journal.appendSample(phase, nowMs, data);
    },
    status: (status, error = null) => {
      journal.setStatus(status, error);
      releaseLease(database, id, journal.epoch);
    },
    now: () => new Date(nowMs).toISOString(),
  };
  return run;
}

/** Up to a promoted database: 10 s of checks, 100 s of base with WAL beside it, 60 s of replay. */
export function recordRecovery(
  run: RecordedRun,
  { plan = drillPlan, promoted = {}, baseSeconds = 100 }: Partial<RecordedRecovery> = {},
): void {
  run.do('preflight', 8, { contents: plan.contents });
  run.do('plan', 2, plan);
  run.do('prepareTarget', 1);
  const base = run.begin('restoreBase');
  run.do('restoreWal', 30, { segments: 8, bytes: 8 * 1024 ** 2 });
  run.wait(baseSeconds - 30);
  run.end('restoreBase', base, baseOutput);
  run.do('configureRecovery', 1);
  run.do('seal', 1);
  run.do('recover', 20, { consistentAt: '2A/5000138', checkpointAt: '2026-11-20T02:00:01.000Z' });
  run.do('promote', 40, {
    ...{ endLsn: '2A/7A3F2B8', timeline: 4, lastTransaction: '2026-11-22T21:29:58.731204Z' },
    ...promoted,
  });
}

interface RecordedRecovery {
  readonly plan: RestorePlan;
  readonly promoted: Readonly<Record<string, unknown>>;
  readonly baseSeconds: number;
}

const baseOutput = { files: 1204, bytes: 40_000, storedBytes: 13_000, filesMatchingManifest: 1204 };

/** A drill from its begin to its end, with what it proved. */
export function recordDrill(
  database: JournalDatabase,
  options: Parameters<typeof recordRun>[1] & {
    recovery?: Partial<RecordedRecovery>;
    proofs?: readonly ProofItem[];
    verdict?: 'passed' | 'failed' | null;
  },
): RecordedRun {
  const { proofs = [passedProof('amcheck:app')], verdict = 'passed', recovery } = options;
  const run = recordRun(database, { ...options, request: { drill: drillRequest, ...options.request } });
  recordRecovery(run, recovery);
  const prove = run.begin('prove');
  run.wait(5);
  const readyAt = run.now();
  for (const proof of proofs) run.do('prove', 10, proof, proof.id);
  run.end('prove', prove, { readyAt });
  run.do('tearDown', 3);
  database.prepare('UPDATE run SET verdict = ? WHERE id = ?').run(verdict, options.id);
  run.status('completed');
  run.event({ type: 'completed', durationMs: 1, facts: {} });
  return run;
}
