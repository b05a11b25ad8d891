import { type Command, Option } from 'commander';
import { OdoError } from '../../errors/odo-error.ts';
import type { CliContext } from '../context.ts';
import { addHelp, addSettings, initSettings, isOn, loadFor } from '../options.ts';
import { untilSignal } from '../signals.ts';

const group = 'What becomes of it:';

export function addInit(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('init')
    .summary('write an odo.yaml by asking, and by looking around')
    .description(
      'Asks where the backups lie and what runs PostgreSQL, looks into the store and the Compose file for what it can suggest, and writes a settings file with comments. What a flag says is not asked. Credentials are used to look, and never written.',
    );
  addSettings(command, initSettings);
  command
    .addOption(new Option('--out <file>', 'file to write').default('odo.yaml').helpGroup(group))
    .addOption(new Option('--overwrite', 'write over a file that is there').helpGroup(group))
    .addOption(new Option('--yes', 'take flags and suggestions, and ask nothing').helpGroup(group));
  addHelp(command);
  command.action(async () => {
    const { host } = context;
    const isAsking = !isOn(command, 'yes');
    if (isAsking && (!host.canAsk || !host.stderr.isTerminal)) {
      throw new OdoError('USAGE', 'Nobody can be asked here.', {
        hint: 'Take flags and suggestions with --yes: odo init --yes -u s3://BUCKET/PREFIX',
      });
    }
    const { writeSettings } = await import('../init/write-settings.ts');
    const wanted = {
      out: String(command.getOptionValue('out')),
      overwrites: isOn(command, 'overwrite'),
      isAsking,
      load: () => loadFor(command, initSettings, context),
    };
    exit(await untilSignal(host, (signal) => writeSettings(context, wanted, signal)));
  });
}
