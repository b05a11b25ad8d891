import { readServerLogLine, type ServerLogEvent } from '../postgres/log-line.ts';
import type { ServerLauncher, ServerProcess } from '../service/server-launcher.ts';
import { recoveryFailed } from './recovery-failure.ts';
import { RecoveryMilestones } from './recovery-milestones.ts';
import { RecoveryTrouble } from './recovery-trouble.ts';
import { ReplayProgress } from './replay-progress.ts';
import { configuredBy, withServerApart } from './server-apart.ts';
import type { StepContext } from './step.ts';
import { feedRecovery } from './wal-feeding.ts';

/**
 * Follows one recovery server. Several can follow the same one; each sees every line in the order of the log, what
 * stands on the log already before what comes next.
 */
export interface RecoveryObserver {
  /** `event`: what the line says about the recovery; null when it says nothing odo acts on. */
  onLine?(line: string, event: ServerLogEvent | null): void;
  /** Once, when the server was started; its first lines may have been seen before. */
  onServer?(server: ServerProcess): void;
  /** Rejects when the recovery cannot go on: the server is stopped and the step fails with this error. */
  readonly failed?: Promise<never>;
  /** Once, when the server has ended; also when it was never started. What it rejects with fails the step. */
  close?(): void | Promise<void>;
}

/** What the log of a server showed so far. */
export interface ObservedLog {
  /** Without `segment-restored` and `redo-progress`, of which there may be any number. */
  readonly events: ServerLogEvent[];
  readonly tail: string[];
}

export interface RecoveryServerOptions<Result = unknown> {
  readonly launcher: ServerLauncher;
  /** In the work directory. */
  readonly configFile: string;
  /** What the server is started for: consistency alone, or the end of the recovery. */
  readonly aim: 'consistency' | 'target';
  readonly observers?: readonly RecoveryObserver[];
  /** With such a result of `work` the server goes on alone, also when odo ends; whoever comes next ends it. */
  readonly staysUp?: (result: Result) => boolean;
  /** Brings the WAL that the server asks for. @default feedRecovery */
  readonly feed?: typeof feedRecovery;
}

/** Resolves with the first event of one of these kinds, at once when it was seen already. */
export type Seen = <Kind extends ServerLogEvent['kind']>(
  ...kinds: readonly Kind[]
) => Promise<Extract<ServerLogEvent, { kind: Kind }>>;

const tailLength = 40;

/**
 * Runs the server apart from the service and watches its log until `work` is done or an observer says that it cannot
 * go on. A server that an earlier attempt of this run left behind is ended first: recovery restarts where it had come
 * to.
 */
export async function withRecoveryServer<Result>(
  context: StepContext,
  {
    launcher,
    configFile,
    aim,
    observers: more = [],
    staysUp,
    feed = feedRecovery,
  }: RecoveryServerOptions<Result>,
  work: (server: ServerProcess, log: ObservedLog, seen: Seen) => Promise<Result>,
): Promise<Result> {
  const log: ObservedLog = { events: [], tail: [] };
  const observers: RecoveryObserver[] = [];
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => {}); // it may be too late for anyone to wait for it
  const add = (observer: RecoveryObserver): void => {
    observers.push(observer);
    observer.failed?.catch(stopped.reject);
  };
  add(new RecoveryMilestones(context, aim));
  add(new ReplayProgress(context, aim));
  add(new RecoveryTrouble(context, () => recoveryFailed('Recovery cannot go on', log)));
  for (const observer of more) add(observer);
  const tell = (call: (observer: RecoveryObserver) => void): void => {
    for (const observer of observers) {
      try {
        call(observer);
      } catch (error) {
        stopped.reject(error);
      }
    }
  };
  const { seen, onEvent } = eventsSeen(log);
  const onLine = (line: string): void => {
    const event = readServerLogLine(line);
    if (event?.kind !== 'redo-progress') {
      context.serverLog(line);
      log.tail.push(line);
      if (log.tail.length > tailLength) log.tail.shift();
    }
    tell((observer) => observer.onLine?.(line, event));
    if (event !== null) onEvent(event);
  };

  try {
    await launcher.removeLeftovers();
    // Not before: a server that is left would take what is laid down here.
    add(await feed(context, launcher));
    const server = {
      launcher,
      args: configuredBy(launcher, configFile),
      onLine,
      launch: { outlives: staysUp !== undefined },
      ...(staysUp === undefined ? {} : { staysUp }),
    };
    return await withServerApart(context, server, (running) => {
      tell((observer) => observer.onServer?.(running));
      return Promise.race([stopped.promise, work(running, log, seen)]);
    });
  } finally {
    for (const observer of observers) await observer.close?.();
  }
}

function eventsSeen(log: ObservedLog): { seen: Seen; onEvent: (event: ServerLogEvent) => void } {
  const waiting = new Set<(event: ServerLogEvent) => void>();
  const seen = (...kinds: readonly ServerLogEvent['kind'][]): Promise<ServerLogEvent> => {
    const isOne = (event: ServerLogEvent): boolean => kinds.includes(event.kind);
    const already = log.events.find(isOne);
    if (already !== undefined) return Promise.resolve(already);
    return new Promise((resolve) => {
      const look = (event: ServerLogEvent): void => {
        if (!isOne(event)) return;
        waiting.delete(look);
        resolve(event);
      };
      waiting.add(look);
    });
  };
  return {
    seen: seen as Seen,
    onEvent: (event) => {
      if (event.kind !== 'segment-restored' && event.kind !== 'redo-progress') log.events.push(event);
      for (const look of [...waiting]) look(event);
    },
  };
}
