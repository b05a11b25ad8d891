import { setTimeout as delay } from 'node:timers/promises';
import { stopTimeoutSeconds } from './conventions.ts';
import { stopSignals } from './postmaster.ts';

type Mode = keyof typeof stopSignals;

/**
 * Sends the signal of a mode and waits for the end. A fast shutdown writes a checkpoint and may take long; one that
 * takes forever (a hanging disk, a stuck restore_command) is made immediate, from which recovery starts again.
 */
export async function stopServer(
  mode: Mode,
  send: (unixSignal: (typeof stopSignals)[Mode]) => void | Promise<void>,
  exited: Promise<unknown>,
): Promise<void> {
  const patience = new AbortController();
  const ended = exited.then(() => patience.abort());
  await send(stopSignals[mode]);
  if (mode === 'fast') {
    await Promise.race([
      ended,
      delay(stopTimeoutSeconds * 1000, undefined, { signal: patience.signal }).catch(() => {}),
    ]);
    if (!patience.signal.aborted) await send(stopSignals.immediate);
  }
  await ended;
}
