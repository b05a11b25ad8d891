import { fork } from 'node:child_process';
import { closeSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OdoError } from '../../errors/odo-error.ts';
import { fromErrorData, toErrorData } from '../../errors/serialize.ts';
import type { RunOutcome, RunSurroundings } from '../../run/run-api.ts';
import { openLog } from './log-file.ts';
import type { FromWorker, Order, ToWorker } from './messages.ts';

// From source it is TypeScript, in the package JavaScript.
const workerFile = fileURLToPath(
  new URL(`./worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

/** A run that goes on without this process. */
export interface DetachedRun {
  readonly status: 'detached';
  readonly runId: string;
  readonly pid: number;
  /** Where it tells what it does. */
  readonly log: string;
}

/**
 * Does work on a run in a process of its own, in a session without a terminal, which nothing ends with this one. Until
 * all is checked and agreed to, its events and questions come here, and it ends with this process; from then on it goes
 * on alone.
 */
export async function startDetached(
  task: Omit<Order, 'log'>,
  { onEvent, confirm, agree, signal }: RunSurroundings,
): Promise<RunOutcome | DetachedRun> {
  signal.throwIfAborted();
  const { work, access } = task;
  const { log, descriptor } = openLog(access.journal.file, work.kind === 'resume' ? work.runId : null);
  const child = fork(workerFile, [], {
    detached: true,
    stdio: ['ignore', descriptor, descriptor, 'ipc'],
  });
  closeSync(descriptor);
  const send = (message: ToWorker): void => {
    // To a process that has ended nothing can be sent, which its end tells.
    if (child.connected) child.send(message, () => {});
  };
  const answer = async (
    ask: () => Promise<Extract<ToWorker, { type: 'answer' }>['answer']>,
  ): Promise<void> => {
    try {
      send({ type: 'answer', answer: await ask() });
    } catch (error) {
      send({ type: 'no-answer', error: toErrorData(error) });
    }
  };
  const ended = Promise.withResolvers<RunOutcome | DetachedRun>();
  child.on('message', (message: FromWorker) => {
    switch (message.type) {
      case 'event':
        return onEvent(message.event);
      case 'confirm':
        return void answer(() => confirm(message.plan));
      case 'agree':
        return void answer(() => agree(message.what, message.otherwise));
      case 'under-way': {
        const { runId, log } = message;
        return ended.resolve({ status: 'detached', runId, pid: child.pid ?? 0, log });
      }
      case 'ended':
        return ended.resolve(message.outcome);
      case 'failed':
        return ended.reject(signal.aborted ? signal.reason : fromErrorData(message.error));
    }
  });
  child.once('error', ended.reject);
  // Behind all that it told; where it told how it ended, this says nothing.
  child.once('disconnect', () =>
    ended.reject(
      new OdoError('BUG', 'The process of the run ended without a word.', {
        hint: `Its last words may be in ${log.path}`,
      }),
    ),
  );
  const stop = (): void => send({ type: 'stop' });
  signal.addEventListener('abort', stop, { once: true });
  send({ type: 'order', order: { ...task, log } });
  try {
    return await ended.promise;
  } finally {
    signal.removeEventListener('abort', stop);
    if (child.connected) child.disconnect();
    child.unref();
  }
}
