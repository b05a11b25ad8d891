import { OdoError } from '../errors/odo-error.ts';
import { adviceOf, diagnose } from '../postgres/log-diagnosis.ts';
import { readServerLogLine } from '../postgres/log-line.ts';
import type { ServerLauncher } from '../service/server-launcher.ts';
import { recoveryOf } from './planned-recovery.ts';
import { withServerApart } from './server-apart.ts';
import type { StepContext } from './step.ts';

/** A proof is a start: it must not archive, replicate or speak another language. */
const proofSettings = {
  lc_messages: 'C',
  log_min_messages: 'warning',
  archive_mode: 'off',
  max_logical_replication_workers: '0',
  // It can be that of another server of this host.
  external_pid_file: '',
};

/** It waits for more WAL, and asks nobody for it; that it takes connections is enough. */
const standbySettings = {
  primary_conninfo: '',
  primary_slot_name: '',
  restore_command: '',
  hot_standby: 'on',
};

/**
 * Starts the server, apart from the service, with the configuration of its data directory and stops it again. Returns
 * null when it accepted connections, otherwise the lines of its log.
 */
export async function tryConfiguration(
  context: StepContext,
  launcher: ServerLauncher,
): Promise<readonly string[] | null> {
  await launcher.removeLeftovers();
  const log: string[] = [];
  const ready = Promise.withResolvers<'ready'>();
  const plan = context.plan();
  const isStandby = recoveryOf(plan).standby !== null;
  const settings = {
    ...proofSettings,
    // Two servers must not share it; from 15 on there is none.
    ...(plan.serverMajor < 15 ? { stats_temp_directory: 'pg_stat_tmp' } : {}),
    ...(isStandby ? standbySettings : {}),
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const onLine = (line: string): void => {
    context.serverLog(line);
    log.push(line);
    if (readServerLogLine(line)?.kind === (isStandby ? 'ready-read-only' : 'ready')) ready.resolve('ready');
  };
  return withServerApart(context, { launcher, args, onLine }, async (server) => {
    const outcome = await Promise.race([ready.promise, server.exited.then(() => 'ended' as const)]);
    context.signal.throwIfAborted();
    context.failpoint('configureDatabase:proving');
    return outcome === 'ready' ? null : log;
  });
}

/** The server's own words, and what they mean. */
export function configurationRefused(log: readonly string[]): OdoError {
  const diagnosis = diagnose(log, []);
  const first = log.find((line) =>
    /\bLOG:.*(?:in file|invalid value|could not open|syntax error)/.test(line),
  );
  const said = [diagnosis.says, first?.trim()].filter((words) => words != null).join(' / ');
  return new OdoError(
    'CONFIGURATION_REFUSED',
    `The restored database is whole, but its server does not start with its configuration: ${said}.`,
    {
      hint: `${adviceOf(diagnosis) ?? 'Mend what the server complains of.'} Edit the file in the data directory, or start a new run with a postgresql.auto.conf of your own (-c FILE); then resume the run.`,
      details: { diagnosis, serverLog: log.slice(-40) },
    },
  );
}
