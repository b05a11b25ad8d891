import type { LaunchOptions, ServerLauncher, ServerProcess } from '../service/server-launcher.ts';
import type { StepContext } from './step.ts';

export interface ServerApart<Result> {
  readonly launcher: ServerLauncher;
  /** Arguments of postgres; `configuredBy` for a file of the work directory. */
  readonly args: readonly string[];
  readonly onLine: (line: string) => void;
  readonly launch?: LaunchOptions;
  /** With such a result of the work it goes on alone, also when odo ends; whoever comes next ends it. */
  readonly staysUp?: (result: Result) => boolean;
  /** How it is stopped otherwise. @default 'fast' */
  readonly stop?: 'fast' | 'immediate';
}

/** How the server of a run is named in the journal's list of resources. */
export const serverResource = (runId: string): string => `odo-${runId}-server`;

export const configuredBy = ({ paths }: ServerLauncher, configFile: string): string[] => [
  '-c',
  `config_file=${paths.workDirectory}/${configFile}`,
];

/** Runs a server of the run's own until `work` is done with it. One that an earlier attempt left must have been ended. */
export async function withServerApart<Result>(
  context: StepContext,
  { launcher, args, onLine, launch, staysUp, stop = 'fast' }: ServerApart<Result>,
  work: (server: ServerProcess) => Promise<Result>,
): Promise<Result> {
  const resource = serverResource(context.runId);
  context.resource('server', resource);
  const server = await launcher.launch(args, onLine, context.signal, launch);
  let goesOn = false;
  try {
    const result = await work(server);
    goesOn = staysUp?.(result) === true;
    return result;
  } finally {
    if (goesOn) await server.release();
    else {
      await server.stop(stop);
      await launcher.removeLeftovers();
      context.resourceRemoved('server', resource);
    }
  }
}
