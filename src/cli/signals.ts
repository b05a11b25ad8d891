import type { Host } from './host.ts';

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

export interface SignalWatch {
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** 130 or 143 after a signal; null before. */
  exitCode(): number | null;
  [Symbol.dispose](): void;
}

/** The first signal stops the command cleanly; the second one ends the process at once, which a run survives. */
export function watchSignals(host: Host, says: { onFirst: () => void; onSecond: () => void }): SignalWatch {
  const controller = new AbortController();
  let exitCode: number | null = null;
  const stopListening = host.onSignal((signal) => {
    if (exitCode === null) {
      exitCode = exitCodes[signal];
      says.onFirst();
      controller.abort(new DOMException(`Stopped by ${signal}`, 'AbortError'));
    } else {
      says.onSecond();
      host.exitNow(exitCodes[signal]);
    }
  });
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    [Symbol.dispose]: stopListening,
  };
}

/** Does what a signal may stop and what leaves nothing behind: resolves with its exit code, or with the signal's. */
export async function untilSignal(
  host: Host,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  using signals = watchSignals(host, { onFirst: () => {}, onSecond: () => {} });
  try {
    return await work(signals.signal);
  } catch (error) {
    const code = signals.exitCode();
    if (code === null) throw error;
    return code;
  }
}
