import { setTimeout as delay } from 'node:timers/promises';
import { OdoError } from '../errors/odo-error.ts';
import type { Service, ServiceAnswer } from '../service/service.ts';
import type { StepContext, StepFacts } from './step.ts';

/** A standby asks every five seconds at first (wal_retrieve_retry_interval). */
const streamsWithinMs = 30_000;
const lookEveryMs = 500;

/** What a walreceiver says when its primary cannot be followed (walreceiver.c, libpqwalreceiver.c). */
const complaint =
  /could not connect to the primary|connection to server .* failed|could not (?:start WAL streaming|receive data from WAL stream)|replication slot .* (?:does not exist|is active)|requested WAL segment .* has already been removed|database system identifier differs|highest timeline|no pg_hba\.conf entry for replication/;

/**
 * A standby answers, is in recovery, and streams. A primary that cannot be reached is no failure of the restore: the
 * standby goes on asking for it, and what its log says is told.
 */
export async function verifyStreaming(
  context: StepContext,
  service: Service,
  options: Parameters<Service['ask']>[0],
  first: ServiceAnswer,
): Promise<StepFacts> {
  const { serviceDescription } = context.plan();
  if (!first.inRecovery) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `${serviceDescription} was to be a standby, but is not in recovery: it went its own way.`,
      { hint: 'It took no standby.signal, or was promoted. Stop it and start a new run.' },
    );
  }
  const startedMs = performance.now();
  let answer = first;
  while (answer.walReceiver !== 'streaming' && performance.now() - startedMs < streamsWithinMs) {
    if (answer.authenticated === false) break;
    await delay(lookEveryMs, undefined, { signal: context.signal });
    answer = await service.ask(options, context.signal);
  }
  const streaming = answer.walReceiver === 'streaming';
  if (!streaming) {
    const said = (await service.logTail(100).catch(() => [])).filter((line) => complaint.test(line));
    if (said.some((line) => line.includes('database system identifier differs'))) {
      throw new OdoError(
        'VERIFICATION_FAILED',
        `${serviceDescription} runs, but the primary that it shall follow is another database cluster.`,
        { hint: 'Check --primary-conninfo, and start a new run.', details: { serverLog: said } },
      );
    }
    context.notice('warning', notStreaming(answer, said.at(-1)?.trim() ?? null));
  }
  return { standby: true, streaming, walReceiver: answer.walReceiver ?? null };
}

function notStreaming({ authenticated }: ServiceAnswer, said: string | null): string {
  if (authenticated === false) {
    return 'Whether the standby streams cannot be told, as it lets odo in as no superuser: see pg_stat_wal_receiver.';
  }
  const why = said === null ? '' : ` Its log says: ${said}`;
  return `The standby does not stream from its primary yet, and goes on trying.${why}`;
}
