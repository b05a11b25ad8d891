import { OdoError } from '../errors/odo-error.ts';
import { targetText } from '../postgres/recovery-target.ts';
import { parseServerTime } from '../postgres/timestamp.ts';
import { historyFileName } from '../postgres/wal-segment.ts';
import type { ServerProcess } from '../service/server-launcher.ts';
import type { Tree } from '../target/tree.ts';
import { promoteConf } from './layout.ts';
import { blamePages, judgePages, requirePages, tellPages } from './page-verdict.ts';
import { compareCollations } from './promoted-collations.ts';
import { checkPromotedEnd, readPromotedEnd } from './promoted-end.ts';
import { requireTablespaces } from './promoted-tablespaces.ts';
import { stopOf, writeRecoveryConfiguration } from './recovery-configuration.ts';
import { recoveryFailed } from './recovery-failure.ts';
import { type ObservedLog, withRecoveryServer } from './recovery-server.ts';
import type { Step } from './step.ts';
import { findSuperuser } from './superuser.ts';
import { askForRecoveryAgain } from './unfinished-promotion.ts';

/**
 * Replays everything the plan brought, promotes to a new timeline, asks the server who it is, and shuts it down
 * cleanly. PostgreSQL promotes without a word when WAL ends early (a gap, a broken record); so the end it
 * reached is compared with the last segment of the plan before anything may call this a restore.
 */
export const promote: Step = {
  name: 'promote',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const target = await context.ports.target(plan.target);
    const tree = await target.dataTree(context.runId);
    const launcher = await context.ports.launcher(plan.launcher, target);
    const goal = { configFile: promoteConf, stop: stopOf(context), action: 'promote' } as const;
    await writeRecoveryConfiguration(context, { target, launcher }, goal);
    await askForRecoveryAgain(tree, plan.owner);
    const options = { launcher, configFile: promoteConf, aim: 'target' } as const;
    const answer = await withRecoveryServer(context, options, async (server, log, seen) => {
      const ended = server.exited.then(() => {
        context.signal.throwIfAborted();
        throw recoveryFailed(`The server ended before it had come to ${targetText(goal.stop)}`, log);
      });
      await Promise.race([seen('ready'), ended]);
      context.failpoint('promote:ready');
      const superuser = await findSuperuser(server, plan);
      const facts = await askServer(server, superuser);
      context.recovery({ state: 'promoted', timeline: facts.timeline });
      await requireTablespaces(context, server, superuser);
      // A drill asks for them with everything else, where a database that cannot be asked is a finding.
      const changed = plan.drill == null ? await compareCollations(context, server, superuser) : [];
      // A restart must not replay from before the promotion.
      await server.query('CHECKPOINT', { user: superuser, database: 'postgres' });
      return { ...facts, superuser, ...endOfRecovery(log), collationsChanged: changed.join(', ') || null };
    }).catch((error: unknown) => blamePages(context, { tree, launcher }, error));
    const endLsn = await checkPromotedEnd(tree, plan, answer.timeline, goal.stop);
    // The log of a server that went on alone, after odo was killed, is lost; its history file is not.
    const stoppedAt = answer.stoppedAt ?? (await readPromotedEnd(tree, answer.timeline))?.reason ?? null;
    await offerHistoryToArchive(tree, answer.timeline);
    const pages = await judgePages(context, launcher);
    // A drill proves everything else too before it says so.
    if (plan.drill == null) requirePages(pages);
    return { ...answer, stoppedAt, endLsn, ...tellPages(context, pages) };
  },
};

/** What the log says about the end; null where it says nothing. */
function endOfRecovery({ events }: ObservedLog): {
  stoppedAt: string | null;
  lastTransaction: string | null;
} {
  const time = events.find((event) => event.kind === 'last-transaction')?.time ?? null;
  return {
    stoppedAt: events.find((event) => event.kind === 'stopping')?.text ?? null,
    lastTransaction: time === null ? null : (parseServerTime(time) ?? time),
  };
}

/**
 * The promotion ran with archive_mode off, so the server did not mark its new history file for archiving
 * (timeline.c, writeTimeLineHistory). Without it in the archive, no later recovery could cross this promotion.
 */
async function offerHistoryToArchive(tree: Tree, timeline: number): Promise<void> {
  const name = historyFileName(timeline);
  const status = await tree.list('pg_wal/archive_status');
  if (status.some((entry) => entry.name === `${name}.done` || entry.name === `${name}.ready`)) return;
  await tree.writeFile(`pg_wal/archive_status/${name}.ready`, '', 0o600);
}

async function askServer(
  server: ServerProcess,
  user: string,
): Promise<{ systemIdentifier: string; timeline: number; databases: number; tablespaces: number }> {
  const answer = await server.query(
    `SELECT pg_is_in_recovery(), (SELECT system_identifier FROM pg_control_system()),
       substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), (SELECT count(*) FROM pg_database),
       (SELECT count(pg_tablespace_size(oid)) FROM pg_tablespace)`,
    { user, database: 'postgres' },
  );
  const [inRecovery, systemIdentifier, timeline, databases, tablespaces] = answer.trim().split('|');
  if (inRecovery !== 'f' || systemIdentifier === undefined || timeline === undefined) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `The server says it is ready but answers ${JSON.stringify(answer)}.`,
    );
  }
  return {
    systemIdentifier,
    timeline: Number.parseInt(timeline, 16),
    databases: Number(databases),
    tablespaces: Number(tablespaces),
  };
}
