import type { OdoError } from '../errors/odo-error.ts';
import { troubleIn, wordsOf } from '../postgres/log-diagnosis.ts';
import type { ServerLogEvent } from '../postgres/log-line.ts';
import type { SymptomId } from '../postgres/log-symptoms.ts';
import type { RecoveryObserver } from './recovery-server.ts';
import type { StepContext } from './step.ts';

const neverGoesOn: SymptomId = 'parameters-raised-later';

/** Told by whoever deals with it: the failure below, and the step that asks the promoted database. */
const toldElsewhere: readonly string[] = [neverGoesOn, 'collation-version'] satisfies SymptomId[];

/** Trouble with which the server goes on is told once; a pause that nothing would end is a failure. */
export class RecoveryTrouble implements RecoveryObserver {
  readonly failed: Promise<never>;
  readonly #context: Pick<StepContext, 'notice'>;
  readonly #failure: () => OdoError;
  readonly #fail: (error: OdoError) => void;
  readonly #seen = new Set<string>();

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
    if (symptom !== null && !this.#seen.has(symptom.id)) {
      this.#seen.add(symptom.id);
      if (!toldElsewhere.includes(symptom.id)) {
        const what = `${wordsOf(line)}. ${symptom.cause} ${symptom.consequence}`;
        this.#context.notice('warning', `The server says: ${what}`);
      }
    }
    if (event?.kind === 'paused' && event.at === 'replay' && this.#seen.has(neverGoesOn)) {
      this.#fail(this.#failure());
    }
  }
}
