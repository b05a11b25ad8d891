import type { Command } from 'commander';
import { resolveCredentials } from '../../config/credentials.ts';
import { toTakeRequest } from '../../config/take-request.ts';
import { OdoError } from '../../errors/odo-error.ts';
import type { CliContext } from '../context.ts';
import { addOutputOptions, addSettings, isOn, loadFor, takeSettings } from '../options.ts';
import { takenText, takeRenderer } from '../render/take-text.ts';
import { watchSignals } from '../signals.ts';

export function addBackup(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('backup')
    .summary('take a base backup of a running server')
    .description(
      'Takes a base backup with pg_basebackup and stores it in S3 in the form that odo restores. Nothing is written to a disk: the stream is compressed on all cores and uploaded in parts. The backup shows only when all of it is stored; then, with --keep-last or --keep-for, older ones of odo backup are removed.',
    );
  addSettings(command, takeSettings);
  addOutputOptions(command, { json: 'print every event of the backup as a JSON line on stdout' });
  command.action(async () => {
    const { api, host, secrets } = context;
    secrets.add(host.env.PGPASSWORD ?? null);
    const loaded = loadFor(command, takeSettings, context);
    const request = toTakeRequest(loaded, host.cwd);
    const json = isOn(command, 'json');
    using signals = watchSignals(host, {
      onFirst: () => host.stderr.write('stopping; nothing of this backup will be left\n'),
      onSecond: () => {},
    });
    try {
      const backup = await api.backUp(request, {
        credentials: resolveCredentials(loaded),
        signal: signals.signal,
        onEvent: takeRenderer(host, { json }),
      });
      if (!json) host.stdout.write(`${takenText(backup)}\n`);
      exit(0);
    } catch (error) {
      const code = signals.exitCode();
      if (code === null || (error instanceof OdoError && error.code === 'BUG')) throw error;
      exit(code);
    }
  });
}
