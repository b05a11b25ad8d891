import { parseServerTime } from '../postgres/timestamp.ts';
import type { ServerLauncher, ServerProcess } from '../service/server-launcher.ts';
import type { Target } from '../target/target.ts';
import { reachTargetConf } from './layout.ts';
import { judgePages, tellUndecided } from './page-verdict.ts';
import { recoveryOf } from './planned-recovery.ts';
import { readControl } from './read-control.ts';
import { heldMessage, stopOf, writeRecoveryConfiguration } from './recovery-configuration.ts';
import { recoveryFailed } from './recovery-failure.ts';
import { type ObservedLog, type Seen, withRecoveryServer } from './recovery-server.ts';
import type { Step, StepContext, StepFacts } from './step.ts';
import { findSuperuser } from './superuser.ts';

interface Means {
  readonly target: Target;
  readonly launcher: ServerLauncher;
}

/**
 * Replays to the target and stays there, unpromoted: the server is shut down, or it pauses and answers read-only
 * queries, also when odo has ended. A later target can follow, or a promotion.
 */
export const reachTarget: Step = {
  name: 'reachTarget',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const target = await context.ports.target(plan.target);
    const means = { target, launcher: await context.ports.launcher(plan.launcher, target) };
    const { action, standby } = recoveryOf(plan);
    if (standby !== null) {
      const facts = await shutDownAtTarget(context, means);
      await lookAtPages(context, means);
      return facts;
    }
    if (action !== 'pause') return shutDownAtTarget(context, means);
    return (await pauseAtTarget(context, means)) ?? shutDownAtTarget(context, means);
  },
};

async function shutDownAtTarget(context: StepContext, means: Means): Promise<StepFacts> {
  const log = await launchFor(context, means, 'shutdown', async (server, seenLog) => {
    await server.exited;
    context.signal.throwIfAborted();
    return seenLog;
  });
  const control = await readControl(await means.target.dataTree(context.runId));
  const end = endOfWal(context, log);
  if (end !== null)
    return { heldBy: 'shutdown', lsn: end, stoppedAt: 'end of the WAL', time: null, xid: null };
  if (control.state !== 'shut down in recovery' || !hasStopped(log)) {
    throw recoveryFailed('Recovery did not reach its target', log);
  }
  return { heldBy: 'shutdown', lsn: control.minRecoveryPoint, ...stopFacts(log) };
}

/** A standby is never promoted, so nobody looks later; one that did not shut down has not written everything. */
async function lookAtPages(context: StepContext, { target, launcher }: Means): Promise<void> {
  const { state } = await readControl(await target.dataTree(context.runId));
  if (state === 'shut down in recovery') tellUndecided(context, await judgePages(context, launcher));
}

/**
 * Without a target (a standby, and WAL of which nothing told the last record beforehand) the server comes to the end of
 * the WAL and is kept from promoting there. Whether that is the end that it should be, a promotion will show; of a
 * standby, the primary sends what is missing.
 */
function endOfWal(context: StepContext, log: ObservedLog): string | null {
  if (stopOf(context).kind !== 'end') return null;
  if (!log.tail.some((line) => line.includes(heldMessage))) return null;
  return log.events.find((event) => event.kind === 'redo-done')?.lsn ?? null;
}

/** More often than the source's settings are changed within one restore. */
const launches = 8;

/** Null when nobody can connect at the target, where the server does not pause. */
async function pauseAtTarget(context: StepContext, means: Means): Promise<StepFacts | null> {
  for (let launch = 1; ; launch += 1) {
    let lines: readonly string[] = [];
    const result = await launchFor(context, means, 'pause', async (server, log, seen) => {
      lines = log.tail;
      return (await isPaused(server, seen, log)) ? lookAround(context, means, server, log) : log;
    }).catch((error: unknown) => {
      if (launch < launches && isTooLow(lines)) return null;
      throw error;
    });
    context.signal.throwIfAborted();
    // WAL says that the primary raised a setting; pg_control knows its value now, and the next launch uses it.
    if (result === null || (isLog(result) && launch < launches && isTooLow(result.tail))) continue;
    if (!isLog(result)) return result;
    if (endOfWal(context, result) !== null) {
      context.notice(
        'warning',
        'No record is known to be the last, so the server cannot pause at it; the database is held shut down at the end of the WAL. With --target-lsn it can be looked at.',
      );
      return null;
    }
    if (hasStopped(result) && result.tail.some((line) => line.includes(heldMessage))) {
      context.notice(
        'warning',
        'At this target the database cannot answer queries yet: transactions of the primary were open of which WAL does not tell enough until later. It is held shut down.',
      );
      return null;
    }
    throw recoveryFailed('Recovery did not reach its target', result);
  }
}

/** 13 words it with "is a lower setting" and ends, later ones pause in the middle of the way. */
const isTooLow = (lines: readonly string[]): boolean =>
  lines.some((line) => /hot standby is not possible because|insufficient parameter settings/.test(line));

const isLog = (result: StepFacts | ObservedLog): result is ObservedLog => 'tail' in result;

/** False when it has ended instead. */
async function isPaused(server: ServerProcess, seen: Seen, log: ObservedLog): Promise<boolean> {
  const paused = seen('paused').then(async () => {
    // Not at the target; whoever watches the log knows why, and ends it.
    if (!hasStopped(log)) await server.exited;
    await seen('ready-read-only');
    return hasStopped(log);
  });
  return Promise.race([paused, server.exited.then(() => false)]);
}

async function lookAround(
  context: StepContext,
  { launcher }: Means,
  server: ServerProcess,
  log: ObservedLog,
): Promise<StepFacts> {
  context.failpoint('reachTarget:paused');
  const superuser = await findSuperuser(server, context.plan());
  const as = { user: superuser, database: 'postgres' };
  const answer = await server.query(
    `SELECT pg_last_wal_replay_lsn(),
       to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`,
    as,
  );
  const [lsn = '', time = ''] = answer.trim().split('|');
  return {
    heldBy: 'pause',
    lsn,
    ...stopFacts(log),
    lastTransaction: time === '' ? null : parseServerTime(`${time}+00`),
    superuser,
    look: launcher.psqlCommand(as),
  };
}

const hasStopped = ({ events }: ObservedLog): boolean => events.some(({ kind }) => kind === 'stopping');

/** What the server said about where it stopped. */
function stopFacts({ events }: ObservedLog): StepFacts {
  const event = events.find((one) => one.kind === 'stopping');
  return { stoppedAt: event?.text ?? null, time: event?.stop?.time ?? null, xid: event?.stop?.xid ?? null };
}

async function launchFor<Result extends StepFacts | ObservedLog>(
  context: StepContext,
  { target, launcher }: Means,
  action: 'shutdown' | 'pause',
  work: (server: ServerProcess, log: ObservedLog, seen: Seen) => Promise<Result>,
): Promise<Result> {
  const goal = { configFile: reachTargetConf, stop: stopOf(context), action };
  await writeRecoveryConfiguration(context, { target, launcher }, goal);
  const staysUp = (result: Result): boolean => !isLog(result);
  return withRecoveryServer(
    context,
    { launcher, configFile: reachTargetConf, aim: 'target', ...(action === 'pause' ? { staysUp } : {}) },
    work,
  );
}
