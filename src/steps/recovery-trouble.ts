import type { OdoError } from '../errors/odo-error.ts';
import { troubleIn, wordsOf } from '../postgres/log-diagnosis.ts';
import type { ServerLogEvent } from '../postgres/log-line.ts';
import type { SymptomId } from '../postgres/log-symptoms.ts';
import type { RecoveryObserver } from './recovery-server.ts';
import type { StepContext } from './step.ts';

const neverGoesOn: SymptomId = 'parameters-raised-later';

/** Trouble with which the server goes on is told once; a pause that nothing would end is a failure. */
export class RecoveryTrouble implements RecoveryObserver {
  readonly failed: Promise<never>;
  readonly #context: Pick<StepContext, 'notice'>;
  readonly #failure: () => OdoError;
  readonly #fail: (error: OdoError) => void;
  readonly #told = new Set<string>();

  /** `failure`: what the log so far means. */
  constructor(context: Pick<StepContext, 'notice'>, failure: () => OdoError) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#fail = reject;
    this.#context = context;
    this.#failure = failure;
  }

  onLine(line: string, event: ServerLogEvent | null): void {
    const symptom = troubleIn(line);
    if (symptom !== null && !this.#told.has(symptom.id)) {
      this.#told.add(symptom.id);
      this.#context.notice(
        'warning',
        `The server says: ${wordsOf(line)}. ${symptom.cause} ${symptom.consequence}`,
      );
    }
    if (event?.kind === 'paused' && event.at === 'replay' && this.#told.has(neverGoesOn)) {
      this.#fail(this.#failure());
    }
  }
}
