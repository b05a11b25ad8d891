import type { Command } from 'commander';
import { toRestoreRequest } from '../../config/request.ts';
import type { CliContext } from '../context.ts';
import { followRun } from '../follow-run.ts';
import { addOutputOptions, addSettings, isOn, loadFor, restoreSettings } from '../options.ts';

export function addStart(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('start')
    .summary('restore a backup')
    .description(
      'Restores a PostgreSQL base backup and its WAL from S3 or a directory into a volume or directory, runs recovery, promotes, starts the service again and checks that it answers. It checks everything first, and asks before it removes data. Killed or interrupted at any moment, the run goes on with: odo resume RUN-ID.',
    );
  addSettings(command, restoreSettings);
  addOutputOptions(command, { json: 'print every event of the run as a JSON line on stdout', verbose: true });
  command.action(async () => {
    const loaded = loadFor(command, restoreSettings, context);
    const request = toRestoreRequest(loaded, context.host.cwd);
    const options = {
      loaded,
      json: isOn(command, 'json'),
      verbose: isOn(command, 'verbose'),
      runId: null,
      heading: null,
    };
    exit(await followRun(context, options, (surroundings) => context.api.startRun(request, surroundings)));
  });
}
