import type { RunOutcome, RunSurroundings } from '../run/run-api.ts';
import { confirmPlan, confirmRemoval } from './confirm.ts';
import type { CliContext } from './context.ts';
import type { DetachedRun } from './detached/start-detached.ts';
import { tellDetached } from './detached/tell-detached.ts';
import { reportError, wantsDebug } from './exit.ts';
import { chooseRenderer } from './render/choose-renderer.ts';
import { writeJsonLine } from './render/json-lines.ts';
import type { RunHeading } from './render/renderer.ts';
import type { RunAccess } from './run-access.ts';
import { watchSignals } from './signals.ts';
import { type EndEvent, goOnLine, isEnd, nextOf, tellOutcome } from './tell-outcome.ts';

export interface FollowOptions {
  readonly access: RunAccess;
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
 * end how to go on. Returns the exit code. What is done elsewhere from some moment on is only drawn until then.
 */
export async function followRun(
  { api, host }: CliContext,
  options: FollowOptions,
  work: (surroundings: RunSurroundings) => Promise<RunOutcome | DetachedRun>,
): Promise<number> {
  const { access, json } = options;
  const { journal, credentials, primaryPassword, notifySecret, credentialsFromFlags } = access;
  const renderer = chooseRenderer(host, { ...options, verbose: options.verbose || wantsDebug(host) });
  const seen: { runId: string | null; end: EndEvent | null; asking: boolean } = {
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
  let outcome: RunOutcome | DetachedRun;
  try {
    outcome = await work({
      journalFile: journal.file,
      ...{ credentials, primaryPassword, notifySecret },
      signal: signals.signal,
      onLost: (error) => {
        renderer.close();
        host.exitNow(reportError(error, host, options));
      },
      onEvent: (event) => {
        seen.runId = event.runId;
        if (isEnd(event)) seen.end = event;
        renderer.event(event);
      },
      confirm: (plan) =>
        asking(() => confirmPlan(plan, host, signals.signal, { isFixed: options.isAgreedPlan === true })),
      agree: (what, otherwise) => asking(() => confirmRemoval(what, otherwise, host, signals.signal)),
    });
  } finally {
    renderer.close();
  }
  if (outcome.status === 'detached') {
    tellDetached(host, outcome, journal, json);
    return 0;
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
  const isToldOf = !json && outcome.verdict !== null;
  const report = isToldOf ? await api.makeReport(journal.file, outcome.runId) : null;
  const telling = { journal, end: seen.end, report, json, credentialsFromFlags };
  tellOutcome(host, outcome, telling);
  return exitCodeOf(outcome, signals.exitCode());
}

/** A run that was stopped by SIGTERM ends like one. */
const exitCodeOf = (outcome: RunOutcome, ofSignal: number | null): number =>
  outcome.status === 'interrupted' ? (ofSignal ?? outcome.exitCode) : outcome.exitCode;
