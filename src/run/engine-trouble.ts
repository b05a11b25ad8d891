import { setTimeout as delay } from 'node:timers/promises';
import { isEngineTrouble } from '../docker/engine-error.ts';
import { OdoError } from '../errors/odo-error.ts';

const repeats = 3;
/** Before the first repetition; doubles each time. @unit ms */
const firstDelayMs = 1000;

/** Given up already by a part of the work. */
const givenUp = new WeakSet<OdoError>();

/**
 * Does a step, or a part of one, again as a resume would: a part goes on from its last checkpoint. For the calls that
 * cannot be made again one by one (src/docker does that), since data was on its way into the engine.
 */
export async function againAfterEngineTrouble<Output>(
  signal: AbortSignal,
  notice: (message: string) => void,
  work: () => Promise<Output>,
): Promise<Output> {
  for (let failed = 0; ; failed += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !(error instanceof OdoError) || !isEngineTrouble(error)) throw error;
      if (failed === repeats) givenUp.add(error);
      if (givenUp.has(error)) throw error;
      notice(error.message);
    }
    await delay(firstDelayMs * 2 ** failed, undefined, { signal });
  }
}
