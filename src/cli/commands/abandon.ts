import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { goOn } from '../go-on.ts';
import { abandonSettings, addOutputOptions, addSettings, isOn, loadFor, takeOverOption } from '../options.ts';

export function addAbandon(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('abandon')
    .argument('<run-id>', 'a drill that is kept, or a run that failed, was interrupted or is held')
    .summary('give a run up and remove what it made')
    .description(
      'Gives a run up and removes what it made: its server, its work directories, and the volume or directory that it created or filled. Of a restore it first says what goes and what stays, and asks. A run whose service uses the restored data already is not given up. Killed or interrupted, it is finished by the same command.',
    )
    .addOption(takeOverOption('How to give it up:'));
  addSettings(command, abandonSettings);
  addOutputOptions(command, { json: 'print every event of the run as a JSON line on stdout', verbose: true });
  command.action(async (runId: string) => {
    const loaded = loadFor(command, abandonSettings, context);
    exit(
      await goOn(context, command, loaded, runId, (surroundings) =>
        context.api.abandonRun(runId, surroundings, {
          takeOver: isOn(command, 'takeOver'),
          confirmed: loaded.settings.yes,
        }),
      ),
    );
  });
}
