import type { Command } from 'commander';
import type { LoadedSettings } from '../config/load.ts';
import type { SettingKey } from '../config/schema.ts';
import { errorKinds } from '../errors/codes.ts';
import { type DrillSummary, type EndedDatabase, summarizeDrills } from '../report/summary.ts';
import type { DatabaseOutcome } from '../run/drill-many.ts';
import type { CliContext } from './context.ts';
import { chooseDatabases, databasesToDrill } from './databases-to-drill.ts';
import { wantsDebug } from './exit.ts';
import { chooseJournal, type JournalChoice } from './journal-choice.ts';
import { isOn } from './options.ts';
import { writeJsonLine } from './render/json-lines.ts';
import { chooseManyRenderer, type ManyRenderer } from './render/many/many-renderer.ts';
import { summaryText } from './render/many/summary-text.ts';
import { watchSignals } from './signals.ts';
import { linkedReports, writeSummary } from './write-summary.ts';

export interface DrillsOptions {
  readonly command: Command;
  readonly keys: readonly SettingKey[];
  readonly loaded: LoadedSettings;
  /** `--database`; empty: all. */
  readonly named: readonly string[];
}

/**
 * Drills several databases in this process, says what becomes of each, and sums up at the end. Returns the exit code: 0
 * when all passed, 6 when a verdict is failed, otherwise that of the first trouble.
 */
export async function followDrills(context: CliContext, options: DrillsOptions): Promise<number> {
  const { api, host } = context;
  const { command, keys, loaded } = options;
  const json = isOn(command, 'json');
  const journal = chooseJournal(loaded, host);
  const startedAt = new Date(host.nowMs()).toISOString();
  let renderer: ManyRenderer | null = null;
  using signals = watchSignals(host, {
    onFirst: () => renderer?.say('stopping all drills; once more ends odo at once, which is safe too'),
    onSecond: () => {
      renderer?.close();
      host.stderr.write(`what was stopped is listed by:  odo status${journal.flag}\n`);
    },
  });

  const chosen = await chooseDatabases(loaded, options.named, context, signals.signal).catch(
    (error: unknown) => {
      if (signals.exitCode() === null) throw error;
      return null;
    },
  );
  if (chosen === null) return signals.exitCode() ?? errorKinds.INTERRUPTED.exitCode;
  const all = databasesToDrill(command, keys, chosen, loaded, context);
  const drills = all.flatMap(({ drill }) => drill ?? []);
  const drawn = chooseManyRenderer(host, {
    json,
    verbose: isOn(command, 'verbose') || wantsDebug(host),
    databases: all.map(({ database }) => database),
  });
  renderer = drawn;
  const ended = new Map<string, EndedDatabase>();
  const end = async (database: string, outcome: Omit<DatabaseOutcome, 'database'>): Promise<void> => {
    const { runId = null } = outcome.outcome ?? {};
    const drill = drills.find((one) => one.database === database);
    const report = runId === null ? null : await api.makeReport(journal.file, runId);
    const one: EndedDatabase = {
      database,
      exitCode: exitCodeOf(outcome, signals.exitCode()),
      report,
      reason: outcome.error?.message ?? (report === null ? 'It was not begun.' : null),
      reports: report === null || drill === undefined ? [] : linkedReports(loaded, drill),
    };
    ended.set(database, one);
    const [entry] = summarizeDrills([one], { startedAt, endedAt: startedAt }).entries;
    if (json)
      writeJsonLine(host, { type: 'outcome', database, ...outcomeFields(outcome), exitCode: one.exitCode });
    if (entry !== undefined) drawn.ended(entry);
  };

  try {
    for (const { database, error } of all) if (error !== null) await end(database, { outcome: null, error });
    await api.drillDatabases(drills, {
      parallel: await api.parallelFor(loaded.settings.parallel),
      journalFile: journal.file,
      signal: signals.signal,
      onEvent: (database, event) => drawn.event(database, event),
      onWait: (database) => drawn.waits(database),
      onEnd: ({ database, ...outcome }) => end(database, outcome),
    });
  } finally {
    drawn.close();
  }
  const inOrder = all.flatMap(({ database }) => ended.get(database) ?? []);
  const summary = summarizeDrills(inOrder, { startedAt, endedAt: new Date(host.nowMs()).toISOString() });
  const exitCode = exitCodeOfAll(inOrder, signals.exitCode());
  if (json) writeJsonLine(host, { type: 'summary', ...summary, exitCode });
  else
    host.stdout.write(
      summaryText(summary, host.stdout)
        .map((line) => `${line}\n`)
        .join(''),
    );
  await writeSummary(loaded, summary, inOrder, host);
  if (!json) host.stderr.write(goOnText(loaded, summary, journal));
  return exitCode;
}

function outcomeFields({ outcome, error }: Omit<DatabaseOutcome, 'database'>) {
  if (outcome === null) return { runId: null, status: 'not-begun', error };
  const { error: _, ...fields } = outcome;
  return fields;
}

function exitCodeOf({ outcome, error }: Omit<DatabaseOutcome, 'database'>, ofSignal: number | null): number {
  if (outcome !== null && outcome.status !== 'interrupted') return outcome.exitCode;
  return error === null ? (ofSignal ?? errorKinds.INTERRUPTED.exitCode) : errorKinds[error.code].exitCode;
}

/** Drills that were stopped shall be gone on with, whatever the others found. */
function exitCodeOfAll(ended: readonly EndedDatabase[], ofSignal: number | null): number {
  const codes = ended.map(({ exitCode }) => exitCode);
  if (ofSignal !== null && codes.includes(ofSignal)) return ofSignal;
  if (ended.some(({ report }) => report?.verdict === 'failed'))
    return errorKinds.VERIFICATION_FAILED.exitCode;
  return codes.find((code) => code !== 0) ?? 0;
}

/** How to go on with what has not ended; empty when all has. */
function goOnText({ settings }: LoadedSettings, { entries }: DrillSummary, journal: JournalChoice): string {
  const open = entries.filter((entry) => entry.next !== null);
  const stopped = entries.filter(({ runId, verdict }) => runId === null && verdict === 'unfinished');
  if (settings.runKey !== null) {
    const isOpen = open.some(({ next }) => next?.startsWith('odo resume')) || stopped.length > 0;
    return isOpen ? `go on with the same command, which has the run key ${settings.runKey}\n` : '';
  }
  return open.map(({ next }) => `go on with:  ${next}${journal.flag}\n`).join('');
}
