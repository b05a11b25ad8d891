import { OdoError } from '../errors/odo-error.ts';
import { fromErrorData } from '../errors/serialize.ts';
import { type CheckName, refusals } from '../steps/checks.ts';
import { planRestore } from '../steps/plan-restore.ts';
import { recoveryOf } from '../steps/planned-recovery.ts';
import { gatherFacts } from '../steps/preflight.ts';
import { readControl } from '../steps/read-control.ts';
import { changedRequest, type RecoveryChange, type Standing, whyBeyond } from '../steps/recovery-change.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import { serverResource } from '../steps/server-apart.ts';
import { formatBytes } from '../steps/units.ts';
import { type RunBinding, stepContext } from './bind-steps.ts';
import { failpoint } from './failpoints.ts';
import { dataSteps, refuseServedData } from './resume-checks.ts';

/** What becomes of a run that shall go to another target. */
export interface Move {
  readonly request: RestoreRequest;
  readonly plan: RestorePlan;
  /** Null: recovery goes on from where it stands. Otherwise why the data files must be extracted again. */
  readonly startsOver: string | null;
}

/** About the target, the service and its server: they are the run's own by now. */
const unasked: readonly CheckName[] = [
  'targetRefused',
  'targetHeld',
  'targetNotFree',
  'tablespaceNotFree',
  'tablespacesOverlap',
  'somethingRunsOnTarget',
  'serverMissing',
  'serverMajorDiffers',
  'parentClosed',
  'spaceTooSmall',
];

/**
 * Plans another target for a run under way, as the preflight would have: the archive is looked at anew, and what
 * cannot be reached is refused. Changes nothing.
 */
export async function planMove(
  binding: RunBinding,
  { request, plan, change }: { request: RestoreRequest; plan: RestorePlan; change: RecoveryChange },
  signal: AbortSignal,
): Promise<Move> {
  if (recoveryOf(plan).standby !== null) {
    throw new OdoError('USAGE', `Run ${binding.runId} makes a standby, which follows its primary for ever.`, {
      hint: 'Start a run of its own to restore to a target.',
    });
  }
  if (plan.preparesOnly === true) {
    throw new OdoError(
      'USAGE',
      `Run ${binding.runId} leaves recovery to another server, and its WAL is laid down for the target that it began with.`,
      { hint: 'Start a run of its own for another target.' },
    );
  }
  refuseServedData(binding.journal, 'going to another target');
  const context = stepContext(binding, 'plan', 0, signal, { name: 'plan', version: 1 });
  const asked = changedRequest(request, change, plan.contents.backup.id);
  const facts = await gatherFacts(asked, context, unasked);
  const [refusal] = refusals({ facts, request: asked }, unasked);
  if (refusal !== undefined) throw fromErrorData(refusal);
  const fresh = await planRestore(facts, asked, context);
  const next: RestorePlan = {
    ...plan,
    contents: { ...plan.contents, wal: fresh.contents.wal },
    promote: true,
    ...(fresh.recovery === undefined ? {} : { recovery: fresh.recovery }),
  };
  const standing = await standingOf(binding, plan, signal);
  return {
    request: asked,
    plan: next,
    startsOver: standing === null ? null : whyBeyond(standing, plan, next),
  };
}

/** Null: the recovery has not come to consistency, which every target lies behind. */
async function standingOf(
  { journal, ports, runId }: RunBinding,
  plan: RestorePlan,
  signal: AbortSignal,
): Promise<Standing | null> {
  const recovered = journal.completedOutput('recover', '') as { consistentAt: string } | null;
  if (recovered === null) return null;
  signal.throwIfAborted();
  const control = await readControl(await (await ports.target(plan.target)).dataTree(runId));
  const facts = (journal.completedOutput('reachTarget', '') ?? {}) as Record<string, unknown>;
  const { consistentAt } = recovered;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    // Of a server that is paused now, pg_control may not have the last word yet.
    lsn: text(facts.lsn) ?? control.minRecoveryPoint,
    consistentAt,
    lastTransaction: text(facts.lastTransaction),
    isPromoted: control.state !== 'shut down in recovery' && control.state !== 'in archive recovery',
  };
}

/** What an operator must agree to when the data files are extracted again, and what stays. */
export function whatStartsOver(plan: RestorePlan, reason: string): string {
  const { backup } = plan.contents;
  const stays = [
    plan.target.kind === 'docker-volume' ? 'the volume itself' : 'the directory itself',
    ...(plan.stopsFirst ? ['the stopped service'] : []),
    'the WAL that was brought and is still needed',
    'the seek indexes of the archives',
  ];
  return `${reason}. Going there means that the data files in ${plan.targetDescription} are removed and backup ${backup.id} (${formatBytes(backup.storedBytes)} stored) is extracted again. What stays: ${stays.join(', ')}.`;
}

/** From here on the run has another plan; a kill before or after it leaves a run that can be resumed. */
export async function applyMove(binding: RunBinding, move: Move): Promise<void> {
  const { journal } = binding;
  // Before the plan says that the data files go, nothing may run on them.
  if (move.startsOver !== null) await endRecoveryServer(binding, move.plan);
  failpoint('move:before');
  journal.changePlan({
    plan: move.plan,
    request: move.request,
    forgets: move.startsOver === null ? ['reachTarget', 'promote'] : dataSteps,
    // WAL of the backup itself: what was brought is still there.
    keepsPartsOf: ['restoreWal'],
  });
  failpoint('move:after');
  binding.emit({ type: 'plan', plan: move.plan });
}

/** Ends the server of a run that is paused at its target. */
export async function endRecoveryServer(
  { ports, journal, runId }: RunBinding,
  plan: RestorePlan,
): Promise<void> {
  const target = await ports.target(plan.target);
  await (await ports.launcher(plan.launcher, target)).removeLeftovers();
  journal.resourceRemoved('server', serverResource(runId));
}
