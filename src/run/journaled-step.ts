import { createHash } from 'node:crypto';
import { isAbort, OdoError } from '../errors/odo-error.ts';
import { toErrorData } from '../errors/serialize.ts';
import type { RunJournal } from '../journal/run-journal.ts';
import { failpoint } from './failpoints.ts';

export interface JournaledWork<Output> {
  readonly name: string;
  /** '' for the step itself, otherwise the part's name. */
  readonly instance: string;
  readonly version: number;
  /** Small JSON that decides what the work does; a completed record with another input is refused. */
  readonly input: unknown;
  /** False: run every time (before the operator agreed, the world may change between attempts). */
  readonly memorized: boolean;
  readonly run: (attempt: number) => Promise<Output>;
  readonly onStart?: (attempt: number) => void;
  /** The work had been completed before; nothing was run. */
  readonly onEarlier?: (output: Output) => void;
}

const hash = (json: string): string => createHash('sha256').update(json).digest('hex');

/**
 * Intent, effect, completion: the only place that writes steps to the journal. The work makes its effect
 * durable before it returns; only then is the completion committed, and from then on it never runs again.
 */
export async function runJournaled<Output>(
  journal: RunJournal,
  work: JournaledWork<Output>,
  signal: AbortSignal,
): Promise<Output> {
  const input = JSON.stringify(work.input ?? null);
  const inputHash = hash(input);
  const recorded = journal.findStep(work.name, work.instance);
  if (work.memorized && recorded?.state === 'completed') {
    if (recorded.version !== work.version || recorded.inputHash !== inputHash) {
      throw new OdoError(
        'JOURNAL_INCOMPATIBLE',
        `Run ${journal.runId} completed ${work.name} ${work.instance} under another plan or another odo.`,
        { hint: 'Finish the run with the odo that began it, or start a new run.' },
      );
    }
    const output = recorded.output as Output;
    work.onEarlier?.(output);
    return output;
  }
  signal.throwIfAborted();
  const attempt = journal.intendStep({
    name: work.name,
    instance: work.instance,
    version: work.version,
    input,
    inputHash,
  });
  work.onStart?.(attempt);
  failpoint(`${work.name}:after-intent`);
  let output: Output;
  try {
    output = await work.run(attempt);
  } catch (error) {
    const interrupted = isAbort(error) || signal.aborted;
    // What cannot be recorded must not hide the error that came first; the journal's own shows itself at its next write.
    try {
      journal.endAttempt(
        work.name,
        work.instance,
        attempt,
        interrupted ? 'interrupted' : 'failed',
        interrupted ? null : toErrorData(error),
      );
    } catch {}
    throw error;
  }
  failpoint(`${work.name}:after-effect`);
  journal.completeStep(work.name, work.instance, attempt, output);
  failpoint(`${work.name}:after-completion`);
  return output;
}
