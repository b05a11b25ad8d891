import type { RunOutcome } from '../run/run-api.ts';
import type { CliContext } from './context.ts';
import { findRun } from './find-run.ts';
import type { JournalChoice } from './journal-choice.ts';
import { chooseRenderer } from './render/choose-renderer.ts';
import { watchSignals } from './signals.ts';
import { type EndEvent, isEnd, tellOutcome } from './tell-outcome.ts';

export const watchLine = (runId: string, { flag }: JournalChoice): string =>
  `watch it:  odo status --watch ${runId}${flag}`;

/**
 * Draws a run that another odo works on, as that odo does, until it ends; a signal ends only the watching. Returns the
 * exit code: that of the run.
 */
export async function watchRun(
  { api, host }: CliContext,
  runId: string,
  journal: JournalChoice,
): Promise<number> {
  const { backup, target } = await findRun(api, journal.file, runId);
  const renderer = chooseRenderer(host, { json: false, verbose: false, heading: { backup, target } });
  let end: EndEvent | null = null;
  using signals = watchSignals(host, { onFirst: () => renderer.close(), onSecond: () => {} });
  let outcome: RunOutcome | null;
  try {
    outcome = await api.watchRun(journal.file, runId, {
      signal: signals.signal,
      onEvent: (event) => {
        if (isEnd(event)) end = event;
        renderer.event(event);
      },
    });
  } catch (error) {
    if (signals.exitCode() === null) throw error;
    outcome = null;
  } finally {
    renderer.close();
  }
  if (outcome === null) {
    const { heldBy } = await findRun(api, journal.file, runId);
    if (heldBy !== null)
      host.stderr.write(`Run ${runId} goes on in ${heldBy}.\n${watchLine(runId, journal)}\n`);
    return signals.exitCode() ?? 0;
  }
  const report = outcome.verdict === null ? null : await api.makeReport(journal.file, runId);
  tellOutcome(host, outcome, { journal, end, report, json: false, credentialsFromFlags: false });
  return outcome.exitCode;
}
