import type { ServerLogEvent } from '../postgres/log-line.ts';
import { parseServerTime } from '../postgres/timestamp.ts';
import type { RecoveryObserver } from './recovery-server.ts';
import type { StepContext } from './step.ts';

type Replayed = { readonly lsn: string };

/**
 * Tells the milestones of a recovery as the server's log names them. Recovery to consistency stops there as it is told
 * to, and a later server becomes consistent once more: neither is news. That it is promoted is told by the step that
 * asked it: a server that odo left when it was killed may have done that alone.
 */
export class RecoveryMilestones implements RecoveryObserver {
  readonly #context: Pick<StepContext, 'recovery'>;
  readonly #aim: 'consistency' | 'target';
  #replayed: Replayed | null = null;

  constructor(context: Pick<StepContext, 'recovery'>, aim: 'consistency' | 'target') {
    this.#context = context;
    this.#aim = aim;
  }

  onLine(_line: string, event: ServerLogEvent | null): void {
    if (event === null) return;
    if (this.#aim === 'consistency') {
      if (event.kind === 'consistent') this.#context.recovery({ state: 'consistent', lsn: event.lsn });
      return;
    }
    switch (event.kind) {
      case 'stopping':
        return this.#context.recovery({ state: 'target-reached', says: event.text, stop: event.stop });
      case 'paused':
        return event.at === 'target' ? this.#context.recovery({ state: 'paused-at-target' }) : undefined;
      case 'shutdown-at-target':
        return this.#context.recovery({ state: 'shut-down-at-target' });
      case 'redo-done':
        this.#replayed = { lsn: event.lsn };
        return;
      case 'last-transaction':
        return this.#tellReplayed(parseServerTime(event.time) ?? event.time);
      case 'new-timeline':
        return this.#tellReplayed(null);
    }
  }

  /** The time comes on a line of its own, and not at all when WAL held no transaction. */
  #tellReplayed(lastTransaction: string | null): void {
    if (this.#replayed === null) return;
    this.#context.recovery({ state: 'replayed', lsn: this.#replayed.lsn, lastTransaction });
    this.#replayed = null;
  }
}
