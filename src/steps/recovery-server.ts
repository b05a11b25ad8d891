import { OdoError } from '../errors/odo-error.ts';
import { readServerLogLine, type ServerLogEvent } from '../postgres/log-line.ts';
import { symptomsIn } from '../postgres/log-symptoms.ts';
import type { ServerLauncher, ServerProcess } from '../service/server-launcher.ts';
import type { StepContext } from './step.ts';

/** What the log of a server showed so far. */
export interface ObservedLog {
  readonly events: ServerLogEvent[];
  readonly tail: string[];
}

const tailLength = 40;

/**
 * Runs the server apart from the service and watches its log until `done` says it is enough or it ends. A server
 * that an earlier attempt of this run left behind is ended first: recovery restarts where it had come to.
 */
export async function withRecoveryServer<Result>(
  context: StepContext,
  launcher: ServerLauncher,
  configFile: string,
  work: (
    server: ServerProcess,
    log: ObservedLog,
    seen: (name: ServerLogEvent['kind']) => Promise<ServerLogEvent>,
  ) => Promise<Result>,
): Promise<Result> {
  await launcher.removeLeftovers();
  const resource = `odo-${context.runId}-server`;
  context.resource('server', resource);
  const log: ObservedLog = { events: [], tail: [] };
  const total = context.plan().contents.wal?.objects.length || null;
  let segments = 0;
  const waiting = new Map<ServerLogEvent['kind'], (event: ServerLogEvent) => void>();
  const server = await launcher.launch(
    ['-c', `config_file=${launcher.paths.workDirectory}/${configFile}`],
    (line) => {
      context.serverLog(line);
      log.tail.push(line);
      if (log.tail.length > tailLength) log.tail.shift();
      const event = readServerLogLine(line);
      if (event === null) return;
      if (event.kind === 'segment-restored') {
        context.progress({ unit: 'segments', done: ++segments, total, item: event.name });
        return;
      }
      log.events.push(event);
      waiting.get(event.kind)?.(event);
    },
    context.signal,
  );
  const seen = (name: ServerLogEvent['kind']) =>
    new Promise<ServerLogEvent>((resolve) => {
      const already = log.events.find((event) => event.kind === name);
      if (already !== undefined) resolve(already);
      else waiting.set(name, resolve);
    });
  try {
    return await work(server, log, seen);
  } finally {
    await server.stop('fast');
    await launcher.removeLeftovers();
    context.resourceRemoved('server', resource);
  }
}

/** The server ended although it should not have: its own words, and what they mean. */
export function recoveryFailed(what: string, log: ObservedLog): OdoError {
  const explained = symptomsIn(log.tail)[0] ?? null;
  const fatal = log.tail.findLast((line) => /\b(FATAL|PANIC):/.test(line));
  return new OdoError(
    'RECOVERY_FAILED',
    `${what}${explained === null ? '' : `: ${explained.cause}`}${fatal === undefined ? '.' : ` (${fatal.trim()}).`}`,
    {
      hint:
        explained?.advice ??
        'Mend the cause that the last lines of the server log show, then resume the run.',
      details: { serverLog: log.tail },
    },
  );
}
