import type { Environment } from '../../report/run-report.ts';
import type { RunFacts } from './run-facts.ts';

/** Of the process that worked on the run last; of a run of an older odo only what it wrote down. */
export function environmentOf({ run, events, plan }: RunFacts): Environment {
  const last = events.findLast((event) => event.type === 'run' && event.environment !== undefined);
  const server =
    plan === null
      ? null
      : `${plan.server?.version == null ? '' : `PostgreSQL ${plan.server.version}: `}${plan.launcherDescription}`;
  const known = last?.type === 'run' ? last.environment : undefined;
  return {
    odoVersion: run.odoVersion,
    nodeVersion: '',
    host: run.lease?.executor.host ?? '',
    system: '',
    cpus: 0,
    memoryBytes: 0,
    ...known,
    server,
  };
}
