/** The process of a run that was started with `--detach`: has no terminal, and gets its order through a pipe. */
import { SecretRedactor } from '../../config/redact.ts';
import { fromErrorData, toErrorData } from '../../errors/serialize.ts';
import type { RunOutcome, RunSurroundings } from '../../run/run-api.ts';
import type { Phase, RunEvent } from '../../run/run-events.ts';
import { reportError } from '../exit.ts';
import { followRun } from '../follow-run.ts';
import { api } from '../main.ts';
import { processHost } from '../process-host.ts';
import { withoutSecretsOn } from '../program.ts';
import { dropDraft, nameAfterRun } from './log-file.ts';
import { doWork, type FromWorker, type Order, type ToWorker } from './messages.ts';

process.title = 'odo (detached)';

/** Before they are through, the run belongs to the terminal: a person may be asked, and nothing is touched. */
const preparing: readonly Phase[] = ['preflight', 'plan', 'confirm'];

const isUnderWay = (event: RunEvent): boolean => event.type === 'phase' && !preparing.includes(event.phase);

/** Resolves when it was handed over; to a terminal that is gone nothing can be told. */
const tell = (message: FromWorker): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });

const leaveTerminal = (): void => {
  if (process.connected) process.disconnect();
};

type Answer = Extract<ToWorker, { type: 'answer' }>['answer'];

const stop = new AbortController();
let asked = question();
let underWay = false;

function question(): PromiseWithResolvers<Answer> {
  const asked = Promise.withResolvers<Answer>();
  // Nobody may wait for the answer to it when it is withdrawn.
  asked.promise.catch(() => {});
  return asked;
}

process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'order':
      return void carryOut(message.order);
    case 'answer':
      return asked.resolve(message.answer);
    case 'no-answer':
      return asked.reject(fromErrorData(message.error));
    case 'stop':
      return stop.abort(new DOMException('Stopped at the terminal', 'AbortError'));
  }
});
process.once('disconnect', () => {
  if (underWay) return;
  const gone = new DOMException('The terminal is gone', 'AbortError');
  stop.abort(gone);
  asked.reject(gone);
});

function ask(what: FromWorker): Promise<Answer> {
  asked = question();
  void tell(what);
  return asked.promise;
}

async function carryOut(order: Order): Promise<void> {
  const { work, access, verbose, heading, log } = order;
  const secrets = new SecretRedactor();
  for (const secret of order.secrets) secrets.add(secret);
  const host = withoutSecretsOn(processHost(), secrets);
  const context = { api, host, secrets };
  const runId = work.kind === 'resume' ? work.runId : null;
  try {
    process.exitCode = await followRun(
      context,
      { access, json: false, verbose, runId, heading },
      (surroundings) => untilUnderWay(order, surroundings),
    );
  } catch (error) {
    process.exitCode = reportError(error, host, { json: false, verbose });
  } finally {
    if (!underWay) dropDraft(log);
  }
}

/** Does the work, and tells the terminal of it as long as the run belongs to it. */
async function untilUnderWay({ work, log }: Order, surroundings: RunSurroundings): Promise<RunOutcome> {
  try {
    const outcome = await doWork(api, work, {
      ...surroundings,
      signal: AbortSignal.any([surroundings.signal, stop.signal]),
      onEvent: (event) => {
        surroundings.onEvent(event);
        if (underWay) return;
        void tell({ type: 'event', event });
        if (!isUnderWay(event)) return;
        underWay = true;
        const { runId } = event;
        const { path } = nameAfterRun(log, runId);
        void tell({ type: 'under-way', runId, log: path }).then(leaveTerminal);
      },
      confirm: async (plan) =>
        (await ask({ type: 'confirm', plan })) as Awaited<ReturnType<typeof surroundings.confirm>>,
      agree: async (what, otherwise) => (await ask({ type: 'agree', what, otherwise })) as boolean,
    });
    await tell({ type: 'ended', outcome });
    return outcome;
  } catch (error) {
    await tell({ type: 'failed', error: toErrorData(error) });
    throw error;
  } finally {
    leaveTerminal();
  }
}
