import type { ReportedEvent } from '../../report/run-report.ts';
import { phaseNames } from '../phase-names.ts';
import { recoveryText } from '../recovery-text.ts';
import type { RunEvent } from '../run-events.ts';

/** What a person wants to read of a run's history, oldest first. */
export const reportedEvents = (events: readonly RunEvent[]): ReportedEvent[] =>
  events.flatMap((event) => {
    const told = tell(event);
    return told === null ? [] : [{ at: event.at, ...told }];
  });

function tell(event: RunEvent): Omit<ReportedEvent, 'at'> | null {
  switch (event.type) {
    case 'run':
      return info(beginnings[event.status]);
    case 'recovery':
      return info(recoveryText(event));
    case 'notice':
      return { level: event.level, message: event.message };
    case 'phase':
      return event.state === 'failed' ? error(`the phase "${phaseNames[event.phase]}" failed`) : null;
    case 'refused':
    case 'failed':
      return error(event.error.message);
    case 'interrupted':
      return { level: 'warning', message: 'the run was interrupted' };
    case 'held':
      return info('the run waits for its operator');
    case 'declined':
      return info('the plan was declined');
    case 'completed':
      return info('the run is completed');
    case 'abandoned':
      return info('the run was given up, and what it made is removed');
    // Shown elsewhere, as proofs, samples and phases; and what came of a report is not told in it.
    case 'plan':
    case 'progress':
    case 'checkpoint':
    case 'server-log':
    case 'proof':
    case 'evidence':
      return null;
  }
}

const beginnings = {
  started: 'the run began',
  resumed: 'odo went on with the run',
  abandoning: 'the run is given up',
} as const;

const info = (message: string) => ({ level: 'info', message }) as const;
const error = (message: string) => ({ level: 'error', message }) as const;

/** How often the run was killed, stopped or failed, and gone on with; waiting for its operator is no interruption. */
export function countInterruptions(events: readonly RunEvent[]): number {
  let count = 0;
  let isWaiting = false;
  for (const event of events) {
    if (event.type === 'run') {
      if (event.status === 'resumed' && !isWaiting) count += 1;
      isWaiting = false;
    }
    if (event.type === 'held' || event.type === 'completed') isWaiting = true;
  }
  return count;
}
