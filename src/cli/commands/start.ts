import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { LoadedSettings } from '../../config/load.ts';
import { toRestoreRequest } from '../../config/request.ts';
import { type SettingKey, settingName, settingOf } from '../../config/schema.ts';
import { OdoError } from '../../errors/odo-error.ts';
import { readPlanFile, requestOf } from '../../run/plan-file.ts';
import type { RestoreRequest } from '../../steps/restore-request.ts';
import type { CliContext } from '../context.ts';
import { doDetachable } from '../detached/do-detachable.ts';
import { followRun } from '../follow-run.ts';
import {
  addOutputOptions,
  addSettings,
  isOn,
  loadFor,
  plannedStartSettings,
  restoreSettings,
} from '../options.ts';
import { accessOf } from '../run-access.ts';

export function addStart(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('start')
    .summary('restore a backup')
    .description(
      'Restores a PostgreSQL base backup and its WAL from S3 or a directory into a volume or directory, runs recovery, promotes, starts the service again and checks that it answers. It checks everything first, and asks before it removes data. Killed or interrupted at any moment, the run goes on with: odo resume RUN-ID.',
    )
    .addOption(
      new Option(
        '--plan <file>',
        'execute the plan that odo plan --out FILE wrote, exactly; beside it only credentials, --journal, --yes and output',
      ).helpGroup('A plan that was agreed to before:'),
    );
  addSettings(command, restoreSettings);
  addOutputOptions(command, {
    json: 'print every event of the run as a JSON line on stdout',
    verbose: true,
    detach: true,
  });
  command.action(async () => {
    const { loaded, request } = await whatToStart(command, context);
    const options = {
      access: accessOf(loaded, context.host),
      json: isOn(command, 'json'),
      verbose: isOn(command, 'verbose'),
      runId: null,
      heading: null,
      isAgreedPlan: request.signedPlan != null,
    };
    const work = { kind: 'start', request } as const;
    exit(
      await followRun(context, options, (surroundings) =>
        doDetachable(context, command, options, work, surroundings),
      ),
    );
  });
}

async function whatToStart(
  command: Command,
  context: CliContext,
): Promise<{ loaded: LoadedSettings; request: RestoreRequest }> {
  const planFile: unknown = command.getOptionValue('plan');
  if (typeof planFile !== 'string') {
    const loaded = loadFor(command, restoreSettings, context);
    return { loaded, request: toRestoreRequest(loaded, context.host.cwd) };
  }
  refuseOthers(command);
  const loaded = loadFor(command, plannedStartSettings, context);
  const file = resolve(context.host.cwd, planFile);
  const request = requestOf(await readPlanFile(file), file);
  return { loaded, request: { ...request, confirmed: loaded.settings.yes } };
}

/** Settings of the environment and of odo.yaml are the plan's already; a flag that says otherwise is a misunderstanding. */
function refuseOthers(command: Command): void {
  const others = restoreSettings.filter(
    (key: SettingKey) =>
      command.getOptionValueSource(key) === 'cli' && !plannedStartSettings.some((one) => one === key),
  );
  if (others.length === 0) return;
  const flags = others.map((key) => {
    const { short } = settingOf(key);
    return short ?? `--${command.getOptionValue(key) === false ? 'no-' : ''}${settingName(key)}`;
  });
  throw new OdoError(
    'USAGE',
    `A plan is executed as it is: ${flags.join(', ')} cannot be given beside --plan.`,
    {
      hint: 'Leave it out, or make another plan with it: odo plan … --out FILE',
    },
  );
}
