import { type Command, Option } from 'commander';
import { toRecoveryChange } from '../../config/request.ts';
import type { CliContext } from '../context.ts';
import { doDetachable } from '../detached/do-detachable.ts';
import { goOn } from '../go-on.ts';
import {
  addOutputOptions,
  addSettings,
  isOn,
  loadFor,
  moveSettings,
  resumeSettings,
  takeOverOption,
} from '../options.ts';

export function addResume(program: Command, context: CliContext, exit: (code: number) => void): void {
  const group = 'How to go on:';
  const command = program
    .command('resume')
    .argument('<run-id>', 'as odo start and odo status show it')
    .summary('go on with a run that was interrupted or failed')
    .description(
      'Goes on with a run where it stood: completed steps are not done again, and half a file is not read twice. The run keeps the settings it was started with; only credentials are looked up anew. With a --target- option the run goes to that target: a later one without extracting anything again, an earlier one after you agreed to extract the data files again.',
    )
    .addOption(
      new Option('--redo <step>', 'do this completed step again (may be given several times)')
        .argParser((step: string, before: readonly string[] | undefined) => [...(before ?? []), step])
        .helpGroup(group),
    )
    .addOption(takeOverOption(group));
  const settings = [...resumeSettings, ...moveSettings, 'yes'] as const;
  addSettings(command, settings);
  addOutputOptions(command, {
    json: 'print every event of the run as a JSON line on stdout',
    verbose: true,
    detach: true,
  });
  command.action(async (runId: string) => {
    const loaded = loadFor(command, settings, context);
    const change = toRecoveryChange(loaded);
    const redo: unknown = command.getOptionValue('redo');
    const work = {
      kind: 'resume',
      runId,
      options: {
        redo: Array.isArray(redo) ? redo.map(String) : [],
        takeOver: isOn(command, 'takeOver'),
        move: change === null ? null : { change, confirmed: loaded.settings.yes },
      },
    } as const;
    exit(
      await goOn(context, command, loaded, runId, (surroundings, options) =>
        doDetachable(context, command, options, work, surroundings),
      ),
    );
  });
}

export function addPromote(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('promote')
    .argument(
      '<run-id>',
      'a run that is held: when consistent (--no-promote), or at its target (--target-action)',
    )
    .summary('promote a run that waits for it')
    .description(
      'Finishes a run that is held, when consistent (--no-promote) or at its target (--target-action pause or shutdown): replays what is left to the target, promotes the database, starts the service and checks that it answers.',
    );
  addSettings(command, resumeSettings);
  addOutputOptions(command, { json: 'print every event of the run as a JSON line on stdout', verbose: true });
  command.action(async (runId: string) => {
    const loaded = loadFor(command, resumeSettings, context);
    exit(
      await goOn(context, command, loaded, runId, (surroundings) =>
        context.api.promoteRun(runId, surroundings),
      ),
    );
  });
}
