import type { Command } from 'commander';
import { resolveCredentials } from '../../config/credentials.ts';
import { toSource } from '../../config/request.ts';
import type { CliContext } from '../context.ts';
import { addOutputOptions, addSettings, backupsSettings, isOn, loadFor } from '../options.ts';
import { backupsText } from '../render/backups-text.ts';
import { writeJsonLine } from '../render/json-lines.ts';
import { watchSignals } from '../signals.ts';

export function addBackups(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('backups')
    .summary('list the backups and what is wrong with them')
    .description(
      'Lists every base backup below the URL: what can be restored, and why the others cannot. Reads only names and metadata.',
    );
  addSettings(command, backupsSettings);
  addOutputOptions(command, { json: 'print every backup as a JSON line on stdout' });
  command.action(async () => {
    const { api, host } = context;
    const loaded = loadFor(command, backupsSettings, context);
    const source = toSource(loaded);
    const credentials = resolveCredentials(loaded);
    using signals = watchSignals(host, { onFirst: () => {}, onSecond: () => {} });
    try {
      const { server } = loaded.settings;
      const backups = await api.listAvailableBackups({ source, server, credentials, signal: signals.signal });
      if (isOn(command, 'json')) {
        for (const backup of backups) writeJsonLine(host, { type: 'backup', ...backup });
      } else {
        host.stdout.write(`${backupsText(backups, host.stdout.columns()).join('\n')}\n`);
      }
      exit(0);
    } catch (error) {
      const code = signals.exitCode();
      if (code === null) throw error;
      exit(code);
    }
  });
}
