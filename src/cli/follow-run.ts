import { resolveCredentials } from '../config/credentials.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { RunOutcome, RunSurroundings } from '../run/run-api.ts';
import type { RunEvent } from '../run/run-events.ts';
import { confirmAgain, confirmPlan } from './confirm.ts';
import type { CliContext } from './context.ts';
import { wantsDebug } from './exit.ts';
import type { Host } from './host.ts';
import { chooseJournal, type JournalChoice } from './journal-choice.ts';
import { chooseRenderer } from './render/choose-renderer.ts';
import { factLines } from './render/event-text.ts';
import { heldText, waysOn } from './render/held-text.ts';
import { writeJsonLine } from './render/json-lines.ts';
import type { RunHeading } from './render/renderer.ts';
import { formatDuration } from './render/units.ts';
import { watchSignals } from './signals.ts';

export interface FollowOptions {
  readonly loaded: LoadedSettings;
  readonly json: boolean;
  readonly verbose: boolean;
  /** Of a run that goes on. */
  readonly runId: string | null;
  readonly heading: RunHeading | null;
  /** The plan was agreed to as it is: no other target is offered. */
  readonly isAgreedPlan?: boolean;
}

/**
 * Works on a run in this process: draws its events, asks where it must, stops it on a signal, and says at the
 * end how to go on. Returns the exit code.
 */
export async function followRun(
  { host }: CliContext,
  options: FollowOptions,
  work: (surroundings: RunSurroundings) => Promise<RunOutcome>,
): Promise<number> {
  const { loaded, json } = options;
  const credentials = resolveCredentials(loaded);
  const journal = chooseJournal(loaded, host);
  const renderer = chooseRenderer(host, { ...options, verbose: options.verbose || wantsDebug(host) });
  const seen: { runId: string | null; end: RunEvent | null; asking: boolean } = {
    runId: options.runId,
    end: null,
    asking: false,
  };
  using signals = watchSignals(host, {
    onFirst: () => {
      // A question that is being asked ends by itself.
      if (seen.asking) return;
      renderer.pause();
      host.stderr.write('stopping; once more ends odo at once, which is safe too\n');
      renderer.resume();
    },
    onSecond: () => {
      renderer.close();
      if (seen.runId !== null) host.stderr.write(`${goOnLine(seen.runId, journal)}\n`);
    },
  });

  const asking = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    renderer.pause();
    seen.asking = true;
    try {
      return await ask();
    } finally {
      seen.asking = false;
      renderer.resume();
    }
  };
  let outcome: RunOutcome;
  try {
    outcome = await work({
      journalFile: journal.file,
      credentials,
      primaryPassword: loaded.settings.primaryPassword,
      signal: signals.signal,
      onEvent: (event) => {
        seen.runId = event.runId;
        if (event.type === 'completed' || event.type === 'held') seen.end = event;
        renderer.event(event);
      },
      confirm: (plan) =>
        asking(() => confirmPlan(plan, host, signals.signal, { isFixed: options.isAgreedPlan === true })),
      agree: (what) => asking(() => confirmAgain(what, host, signals.signal)),
    });
  } finally {
    renderer.close();
  }
  if (json) {
    const next = nextOf(outcome, journal);
    const { error: _, ...facts } = outcome;
    writeJsonLine(host, {
      type: 'outcome',
      ...facts,
      exitCode: exitCodeOf(outcome, signals.exitCode()),
      next,
    });
  }
  tellOutcome(host, outcome, { journal, end: seen.end, json, credentialsFromFlags: fromFlags(loaded) });
  return exitCodeOf(outcome, signals.exitCode());
}

/** A run that was stopped by SIGTERM ends like one. */
const exitCodeOf = (outcome: RunOutcome, ofSignal: number | null): number =>
  outcome.status === 'interrupted' ? (ofSignal ?? outcome.exitCode) : outcome.exitCode;

export const goOnLine = (runId: string, journal: JournalChoice): string =>
  `go on with:  odo resume ${runId}${journal.flag}`;

function nextOf({ runId, status, resumable }: RunOutcome, journal: JournalChoice): string | null {
  if (status === 'held') return `odo promote ${runId}${journal.flag}`;
  return resumable && status !== 'completed' ? `odo resume ${runId}${journal.flag}` : null;
}

const fromFlags = ({ layers }: LoadedSettings): boolean =>
  (['accessKey', 'secretKey', 'sshKey', 'sshKnownHosts'] as const).some((key) => layers[key] === 'flag');

function tellOutcome(
  host: Host,
  outcome: RunOutcome,
  options: { journal: JournalChoice; end: RunEvent | null; json: boolean; credentialsFromFlags: boolean },
): void {
  const { journal, end, json } = options;
  const result = (lines: readonly string[]): void => {
    if (!json) host.stdout.write(lines.map((line) => `${line}\n`).join(''));
  };
  const next = nextOf(outcome, journal);
  const goOn = next === null ? [] : [`go on with:  ${next}`];
  const again = options.credentialsFromFlags
    ? ['(with the same credentials, as flags or in the environment)']
    : [];
  switch (outcome.status) {
    case 'completed':
      if (end?.type !== 'completed')
        return result([`Run ${outcome.runId} was completed before; there is nothing to do.`]);
      return result([
        `Run ${outcome.runId} is completed, in ${formatDuration(end.durationMs)}.`,
        ...factLines(end.facts),
      ]);
    case 'held': {
      if (end?.type !== 'held') {
        return result([`Run ${outcome.runId} is held; see where with: odo status ${outcome.runId}`, ...goOn]);
      }
      const { look: _, ...facts } = end.facts;
      const commandOf = (command: string): string => command + journal.flag;
      return result([
        `Run ${outcome.runId}: ${heldText(end)}.`,
        ...factLines(facts),
        ...waysOn(outcome.runId, end, commandOf),
      ]);
    }
    case 'failed':
    case 'interrupted': {
      const lines =
        next === null ? ['Nothing was touched; start again with: odo start'] : [...goOn, ...again];
      host.stderr.write(lines.map((line) => `${line}\n`).join(''));
      return;
    }
    case 'refused':
      host.stderr.write('Nothing was touched.\n');
      return;
    case 'declined':
      return;
  }
}
