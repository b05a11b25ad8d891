import type { RunReport } from '../report/run-report.ts';
import type { RunOutcome } from '../run/run-api.ts';
import type { RunEvent } from '../run/run-events.ts';
import type { Host } from './host.ts';
import type { JournalChoice } from './journal-choice.ts';
import { drillText } from './render/drill-text.ts';
import { factLines } from './render/event-text.ts';
import { heldText, waysOn } from './render/held-text.ts';
import { formatDuration } from './render/units.ts';

const endings = ['completed', 'held', 'refused', 'declined', 'abandoned'] as const;

/** The last event of a run that came to an end, for now or for good. */
export type EndEvent = Extract<RunEvent, { type: (typeof endings)[number] }>;

export const isEnd = (event: RunEvent): event is EndEvent =>
  (endings as readonly string[]).includes(event.type);

export interface Telling {
  readonly journal: JournalChoice;
  /** Null: nothing was done, the run had come to its end before. */
  readonly end: EndEvent | null;
  /** Of a drill that is at its end; null of everything else. */
  readonly report: RunReport | null;
  readonly json: boolean;
  readonly credentialsFromFlags: boolean;
}

export const goOnLine = (runId: string, journal: JournalChoice): string =>
  `go on with:  odo resume ${runId}${journal.flag}`;

export const nextOf = ({ runId, next }: RunOutcome, { flag }: JournalChoice): string | null =>
  next === null ? null : `odo ${next} ${runId}${flag}`;

const notProven = [
  'The database is prepared, and NOT proven: no server has read it. It recovers when PostgreSQL is started on it.',
] as const;

/** Says at the end what a run came to, and how to go on with it. */
export function tellOutcome(host: Host, outcome: RunOutcome, telling: Telling): void {
  const { runId } = outcome;
  const { journal, end, report, json } = telling;
  const width = host.stdout.isTerminal ? host.stdout.columns() - 1 : Number.MAX_SAFE_INTEGER;
  const result = (lines: readonly string[]): void => {
    if (!json) host.stdout.write(lines.map((line) => `${line}\n`).join(''));
  };
  const next = nextOf(outcome, journal);
  const goOn = next === null ? [] : [`go on with:  ${next}`];
  switch (outcome.status) {
    case 'completed':
      if (end?.type !== 'completed') {
        return result(
          report === null
            ? [`Run ${runId} was completed before; there is nothing to do.`]
            : drillText(report, 'before; there is nothing to do', width),
        );
      }
      if (report !== null) {
        return result([
          ...drillText(report, `in ${formatDuration(end.durationMs)}`, width),
          'Everything that it made is removed.',
        ]);
      }
      return result([
        `Run ${runId} is completed, in ${formatDuration(end.durationMs)}.`,
        ...factLines(end.facts),
        ...(end.prepared === true ? notProven : []),
      ]);
    case 'held': {
      if (end?.type !== 'held') {
        const status = `odo status ${runId}${journal.flag}`;
        return result(
          report === null
            ? [`Run ${runId} is held; see where with: ${status}`, ...goOn]
            : [...drillText(report, 'and is kept', width), `look at it:  ${status}`, `remove it:   ${next}`],
        );
      }
      const { look: _, ...facts } = end.facts;
      const commandOf = (command: string): string => command + journal.flag;
      return result([
        ...(report === null
          ? [`Run ${runId}: ${heldText(end)}.`, ...factLines(facts)]
          : drillText(report, heldText(end), width)),
        ...waysOn(runId, end, commandOf),
      ]);
    }
    case 'abandoned':
      return result([
        end === null
          ? `Run ${runId} was abandoned before; nothing is left of it.`
          : `Run ${runId} is abandoned; what it made is removed.`,
      ]);
    case 'failed':
    case 'interrupted': {
      const again = telling.credentialsFromFlags
        ? ['(with the same credentials, as flags or in the environment)']
        : [];
      const lines =
        next === null ? ['Nothing was touched; start again with: odo start'] : [...goOn, ...again];
      host.stderr.write(lines.map((line) => `${line}\n`).join(''));
      return;
    }
    case 'refused':
      if (report !== null) result(drillText(report, 'before anything was restored', width));
      host.stderr.write('Nothing was touched.\n');
      return;
    case 'declined':
      if (end === null) host.stderr.write('Nothing was touched.\n');
      return;
  }
}
