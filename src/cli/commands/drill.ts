import { type Command, Option } from 'commander';
import { toDrillRequest } from '../../config/drill-request.ts';
import { OdoError } from '../../errors/odo-error.ts';
import type { CliContext } from '../context.ts';
import { doDetachable } from '../detached/do-detachable.ts';
import { followDrills } from '../follow-drills.ts';
import { followRun } from '../follow-run.ts';
import { addOutputOptions, addSettings, drillSettings, isOn, loadFor } from '../options.ts';
import { accessOf } from '../run-access.ts';

export function addDrill(program: Command, context: CliContext, exit: (code: number) => void): void {
  const group = 'Which databases to drill:';
  const command = program
    .command('drill')
    .summary('prove that a backup can be restored')
    .description(
      'Restores a backup into a temporary volume or directory, starts a temporary database on it, proves it, measures how long that took and how old its data is, reports, and removes everything again. Nothing of production is stopped or touched: a service that is named is only looked at. Exits with 6 when the backup is not what it should be. Killed or interrupted at any moment, it goes on with: odo resume RUN-ID.',
    )
    .addOption(
      new Option(
        '--all',
        'every database of odo.yaml, or every server below the URL when odo.yaml names none',
      ).helpGroup(group),
    )
    .addOption(
      new Option('--database <name>', 'this database of odo.yaml (may be given several times)')
        .argParser((name: string, before: readonly string[] | undefined) => [...(before ?? []), name])
        .conflicts('all')
        .helpGroup(group),
    );
  addSettings(command, drillSettings);
  addOutputOptions(command, {
    json: 'print every event of the run as a JSON line on stdout',
    verbose: true,
    detach: true,
  });
  command.action(async () => {
    const given: unknown = command.getOptionValue('database');
    const named = Array.isArray(given) ? given.map(String) : [];
    const [database = null] = named;
    if (isOn(command, 'all') || named.length > 1) {
      if (isOn(command, 'detach')) {
        throw new OdoError('USAGE', '--detach puts one drill into a process of its own, not several.', {
          hint: 'Drill several databases with: systemd-run odo drill --all …, or nohup (docs/terminal.md)',
        });
      }
      const loaded = loadFor(command, drillSettings, context);
      return exit(await followDrills(context, { command, keys: drillSettings, loaded, named }));
    }
    const loaded = loadFor(command, drillSettings, context, { database });
    if (database === null && loaded.settings.url === null && loaded.databases.length > 0) {
      throw new OdoError(
        'USAGE',
        `Say which database to drill: odo.yaml has ${loaded.databases.join(', ')}.`,
        {
          hint: 'Name one with --database NAME, or drill them all with --all.',
        },
      );
    }
    const request = toDrillRequest(loaded, context.host.cwd);
    const options = {
      access: accessOf(loaded, context.host),
      json: isOn(command, 'json'),
      verbose: isOn(command, 'verbose'),
      runId: null,
      heading: null,
    };
    const work = { kind: 'start', request } as const;
    exit(
      await followRun(context, options, (surroundings) =>
        doDetachable(context, command, options, work, surroundings),
      ),
    );
  });
}
