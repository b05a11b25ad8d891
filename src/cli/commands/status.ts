import { type Command, Option } from 'commander';
import { OdoError } from '../../errors/odo-error.ts';
import type { RunStatus } from '../../run/run-api.ts';
import type { CliContext } from '../context.ts';
import { findRun } from '../find-run.ts';
import type { Host } from '../host.ts';
import { chooseJournal, type JournalChoice } from '../journal-choice.ts';
import { addOutputOptions, addSettings, isOn, loadFor, statusSettings } from '../options.ts';
import { writeJsonLine } from '../render/json-lines.ts';
import { runsText, statusText } from '../render/status-text.ts';
import { watchSignals } from '../signals.ts';
import { watchRun } from '../watch-run.ts';

const lookEveryMs = 1000;

/** A screenful; a journal keeps years of runs. */
const listedRuns = 20;

export function addStatus(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('status')
    .argument('[run-id]', 'without it: the latest runs, newest first')
    .summary('show the runs, or where one stands')
    .description(
      'Shows where a run stands, from the journal alone: from any terminal, whether or not an odo works on it.',
    )
    .addOption(
      new Option(
        '--watch',
        'draw the run as the odo does that works on it, until it ends; Ctrl-C ends only the watching',
      ).helpGroup('What to show:'),
    )
    .addOption(
      new Option('--last <count>', `without a run id: list so many runs (default: ${listedRuns})`)
        .default(listedRuns)
        .argParser(countOf)
        .helpGroup('What to show:'),
    );
  addSettings(command, statusSettings);
  addOutputOptions(command, { json: 'print every status as a JSON line on stdout' });
  command.action(async (runId: string | undefined) => {
    const { api, host } = context;
    const loaded = loadFor(command, statusSettings, context);
    const journal = chooseJournal(loaded, host);
    const json = isOn(command, 'json');
    const watches = isOn(command, 'watch');
    if (runId === undefined) {
      if (watches) throw new OdoError('USAGE', 'Say which run to watch.', { hint: 'odo status lists them.' });
      const last = command.getOptionValue('last') as number;
      const { runs, total } = await api.listRuns(journal.file, { last });
      if (json) for (const run of runs) writeStatus(host, run, journal);
      else host.stdout.write(`${runsText(runs).join('\n')}\n`);
      if (total > runs.length) host.stderr.write(olderText(total - runs.length, total, journal));
      return exit(0);
    }
    if (watches) return exit(await (json ? watchAsJson : watchRun)(context, runId, journal));
    const status = await findRun(api, journal.file, runId);
    if (json) writeStatus(host, status, journal);
    else host.stdout.write(`${lines(host, status, journal).join('\n')}\n`);
    exit(0);
  });
}

function countOf(given: string): number {
  const count = Number(given);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new OdoError('USAGE', `--last ${given}: a number of runs is expected.`);
}

const olderText = (older: number, total: number, { flag }: JournalChoice): string =>
  `${older === 1 ? 'One older run is' : `${older} older runs are`} not shown: odo status --last ${total}${flag}\n`;

/** A line whenever something changed, until the run ends. Returns the exit code: that of the run. */
async function watchAsJson(
  { api, host }: CliContext,
  runId: string,
  journal: JournalChoice,
): Promise<number> {
  using signals = watchSignals(host, { onFirst: () => {}, onSecond: () => {} });
  const { signal } = signals;
  let shown = '';
  try {
    for (;;) {
      const status = await findRun(api, journal.file, runId);
      const changing = JSON.stringify({ ...status, heldBy: null });
      if (changing !== shown) writeStatus(host, status, journal);
      shown = changing;
      if (host.stdout.isClosed) return 0;
      if (status.status !== 'running') break;
      await host.sleep(lookEveryMs, signal);
    }
    return (await api.watchRun(journal.file, runId, { signal, onEvent: () => {} })).exitCode;
  } catch (error) {
    if (signals.exitCode() === null) throw error;
    return signals.exitCode() ?? 0;
  }
}

const nextOf = ({ next }: RunStatus, { flag }: JournalChoice): string | null =>
  next === null ? null : next + flag;

const lines = (host: Host, status: RunStatus, journal: JournalChoice): string[] =>
  statusText(status, {
    nowMs: host.nowMs(),
    width: host.stdout.columns() - 1,
    next: nextOf(status, journal),
  });

const writeStatus = (host: Host, status: RunStatus, journal: JournalChoice): void =>
  writeJsonLine(host, { type: 'status', ...status, next: nextOf(status, journal) });
