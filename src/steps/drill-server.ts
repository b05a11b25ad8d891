import { drillHba, formatDrillConfiguration } from '../postgres/drill-settings.ts';
import { readServerLogLine } from '../postgres/log-line.ts';
import { freeLoopbackPort } from '../service/loopback-port.ts';
import type { ServerLauncher, ServerProcess } from '../service/server-launcher.ts';
import type { Target } from '../target/target.ts';
import { drillConf, drillHbaFile, identFile } from './layout.ts';
import { readControl } from './read-control.ts';
import { keptSettings } from './recovery-configuration.ts';
import { recoveryFailed } from './recovery-failure.ts';
import { configuredBy, withServerApart } from './server-apart.ts';
import type { StepContext } from './step.ts';
import { openWorkTree } from './work-tree.ts';

export interface DrillServerOptions {
  readonly target: Target;
  readonly launcher: ServerLauncher;
  /** Where it listens on the loopback address: a port, or any that is free now; null: nowhere. */
  readonly port: number | 'auto' | null;
  /** It goes on alone when `work` is done, also when odo ends; whoever comes next ends it. */
  readonly staysUp: boolean;
}

const tailLength = 40;

/**
 * Runs the drill's database apart from everything until `work` is done with it, and hands it over when it accepts
 * connections. One that an earlier attempt left behind is ended first.
 */
export async function withDrillServer<Result>(
  context: StepContext,
  { target, launcher, port: wanted, staysUp }: DrillServerOptions,
  work: (server: ServerProcess, port: number | null) => Promise<Result>,
): Promise<Result> {
  await launcher.removeLeftovers();
  // Not before: the one of the attempt before may have listened on it.
  const port = wanted === null ? null : await freeLoopbackPort(wanted);
  await writeDrillConfiguration(context, { target, launcher, listens: port !== null });
  const tail: string[] = [];
  const ready = Promise.withResolvers<void>();
  const onLine = (line: string): void => {
    context.serverLog(line);
    tail.push(line);
    if (tail.length > tailLength) tail.shift();
    if (readServerLogLine(line)?.kind === 'ready') ready.resolve();
  };
  const options = {
    launcher,
    args: configuredBy(launcher, drillConf),
    onLine,
    launch: { outlives: staysUp, port },
    staysUp: () => staysUp,
    // Nobody needs what it has in memory.
    stop: 'immediate',
  } as const;
  return withServerApart(context, options, (server) => {
    const ended = server.exited.then(() => {
      context.signal.throwIfAborted();
      throw recoveryFailed('The restored database does not run', { tail });
    });
    return Promise.race([ended, ready.promise.then(() => work(server, port))]);
  });
}

async function writeDrillConfiguration(
  context: StepContext,
  { target, launcher, listens }: { target: Target; launcher: ServerLauncher; listens: boolean },
): Promise<void> {
  const { workDirectory } = launcher.paths;
  const control = await readControl(await target.dataTree(context.runId));
  const maxima = Object.entries(control.maxima).map(([name, value]) => [name, String(value)]);
  const text = formatDrillConfiguration({
    serverMajor: context.plan().serverMajor,
    hbaFile: `${workDirectory}/${drillHbaFile}`,
    identFile: `${workDirectory}/${identFile}`,
    kept: { ...Object.fromEntries(maxima), ...keptSettings(control) },
  });
  const work = await openWorkTree(context, target);
  // Readable for all, so that they need no owner of their own; the directory lets only the owner in.
  await work.writeFile(drillHbaFile, drillHba(listens), 0o644);
  await work.writeFile(drillConf, text, 0o644);
}
