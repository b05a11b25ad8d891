import { type Command, Option } from 'commander';
import type { BackupSurvey, SurveyedBackup } from '../../backup/survey-backups.ts';
import { resolveCredentials } from '../../config/credentials.ts';
import { toSource } from '../../config/request.ts';
import type { CliContext } from '../context.ts';
import type { Host } from '../host.ts';
import { addOutputOptions, addSettings, backupsSettings, isOn, loadFor } from '../options.ts';
import { backupsText } from '../render/backups-text.ts';
import { contentsText } from '../render/contents-text.ts';
import { writeJsonLine } from '../render/json-lines.ts';
import { untilSignal } from '../signals.ts';

export function addBackups(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('backups')
    .argument('[backup]', 'an id or a name: everything about this backup')
    .summary('list the backups and what is wrong with them')
    .description(
      'Lists every base backup below the URL: what can be restored, why the others cannot, and which moments the archived WAL reaches. Reads names, metadata and the first bytes of archives, and lists the WAL once.',
    )
    .addOption(
      new Option('--no-wal', 'do not look at the WAL, when its archive is huge').helpGroup('What to show:'),
    );
  addSettings(command, backupsSettings);
  addOutputOptions(command, { json: 'print everything as JSON lines on stdout' });
  command.action(async (backup: string | undefined) => {
    const { api, host } = context;
    const loaded = loadFor(command, backupsSettings, context);
    const source = toSource(loaded);
    const credentials = resolveCredentials(loaded);
    const { server, walUrl } = loaded.settings;
    const json = isOn(command, 'json');
    const tell = async (signal: AbortSignal): Promise<number> => {
      const request = { source, server, walUrl, credentials, signal };
      if (backup === undefined) {
        const survey = await api.listAvailableBackups({ ...request, withWal: isOn(command, 'wal') });
        for (const warning of survey.warnings) host.stderr.write(`warning: ${warning}\n`);
        if (json) writeSurvey(host, survey);
        else writeLines(host, backupsText(survey, widthOf(host)));
      } else {
        const contents = await api.inspectAvailableBackup({ ...request, backup });
        const restorable = contents.problems.length === 0;
        if (json) writeJsonLine(host, { type: 'contents', restorable, ...contents });
        else writeLines(host, contentsText(contents, widthOf(host)));
      }
      return 0;
    };
    exit(await untilSignal(host, tell));
  });
}

/** A terminal breaks the line behind its last column when that one is filled. */
const widthOf = ({ stdout }: Host): number => stdout.columns() - (stdout.isTerminal ? 1 : 0);

const writeLines = (host: Host, lines: readonly string[]): void => host.stdout.write(`${lines.join('\n')}\n`);

function writeSurvey(host: Host, { backups, windows, gaps }: BackupSurvey): void {
  for (const one of backups) writeJsonLine(host, backupLine(one));
  for (const window of windows) writeJsonLine(host, { type: 'window', ...window });
  for (const gap of gaps) writeJsonLine(host, { type: 'gap', ...gap });
}

/** A field that the format does not tell is null, as one that is not known. */
export function backupLine({ backup, ...judged }: SurveyedBackup) {
  const {
    serverVersion = null,
    codec = null,
    endTimeline = null,
    segmentBytes = null,
    holdsWal = null,
    isDenied = false,
  } = backup;
  const told = { serverVersion, codec, endTimeline, segmentBytes, holdsWal, isDenied };
  return { type: 'backup', ...backup, ...told, ...judged };
}
