import type { Command } from 'commander';
import type { LoadedSettings } from '../config/load.ts';
import type { RunSurroundings } from '../run/run-api.ts';
import type { CliContext } from './context.ts';
import { findRun } from './find-run.ts';
import { type FollowOptions, followRun } from './follow-run.ts';
import { isOn } from './options.ts';
import { accessOf } from './run-access.ts';

/** Works on a run that is there already. */
export async function goOn(
  context: CliContext,
  command: Command,
  loaded: LoadedSettings,
  runId: string,
  work: (
    surroundings: RunSurroundings,
    options: FollowOptions,
  ) => ReturnType<Parameters<typeof followRun>[2]>,
): Promise<number> {
  const { api, host } = context;
  for (const key of ['endpoint', 'region'] as const) {
    if (loaded.layers[key] === 'flag') {
      host.stderr.write(
        `warning: ${loaded.provenance[key]} is not used: a run keeps the ${key} it was started with.\n`,
      );
    }
  }
  const access = accessOf(loaded, host);
  // Also the check that the run is there, before anything else is opened.
  const status = await findRun(api, access.journal.file, runId);
  const heading = { backup: status.backup, target: status.target };
  const options = {
    access,
    json: isOn(command, 'json'),
    verbose: isOn(command, 'verbose'),
    runId,
    heading,
    isAgreedPlan: status.planFile !== null,
  };
  return followRun(context, options, (surroundings) => work(surroundings, options));
}
