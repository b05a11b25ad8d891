import type { Command } from 'commander';
import type { LoadedSettings } from '../config/load.ts';
import type { CliContext } from './context.ts';
import { findRun } from './find-run.ts';
import { followRun } from './follow-run.ts';
import { chooseJournal } from './journal-choice.ts';
import { isOn } from './options.ts';

/** Works on a run that is there already. */
export async function goOn(
  context: CliContext,
  command: Command,
  loaded: LoadedSettings,
  runId: string,
  work: Parameters<typeof followRun>[2],
): Promise<number> {
  const { api, host } = context;
  for (const key of ['endpoint', 'region'] as const) {
    if (loaded.layers[key] === 'flag') {
      host.stderr.write(
        `warning: ${loaded.provenance[key]} is not used: a run keeps the ${key} it was started with.\n`,
      );
    }
  }
  // Also the check that the run is there, before anything else is opened.
  const status = await findRun(api, chooseJournal(loaded, host).file, runId);
  const heading = { backup: status.backup, target: status.target };
  const options = {
    loaded,
    json: isOn(command, 'json'),
    verbose: isOn(command, 'verbose'),
    runId,
    heading,
    isAgreedPlan: status.planFile !== null,
  };
  return followRun(context, options, work);
}
