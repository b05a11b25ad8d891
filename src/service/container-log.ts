import { setTimeout as delay } from 'node:timers/promises';
import type { Docker } from '../docker/client.ts';

/** How long the engine may be away before its container counts as lost. */
const attempts = 60;

/**
 * Hands on every line of a container's log, once and in order, and resolves when it has ended and its last line was
 * handed on. A connection that breaks is opened again and read from the start, past the lines that were seen. It
 * never resolves after `signal`, which ends the following and not the container.
 */
export async function followLog(
  docker: Docker,
  container: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<{ readonly exitCode: number }> {
  let seen = 0;
  const read = async (selection: { follow?: true }, stop: AbortSignal): Promise<void> => {
    let index = 0;
    for await (const { text } of docker.containers.logs(container, { ...selection, signal: stop })) {
      index += 1;
      if (index <= seen) continue;
      seen = index;
      onLine(text);
    }
  };
  /** Until the container has ended: a follower's end does not say so, since its connection may have been cut. */
  const follow = async (): Promise<number> => {
    const over = new AbortController();
    const stop = AbortSignal.any([signal, over.signal]);
    const following = followAgain(() => read({ follow: true }, stop), stop);
    try {
      return await docker.containers.wait(container, signal);
    } finally {
      over.abort();
      await following;
    }
  };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    try {
      const exitCode = await follow();
      // A follower is let go, perhaps before the last lines.
      await read({}, signal);
      return { exitCode };
    } catch {
      if (signal.aborted) return new Promise(() => {});
      const found = await docker.containers.inspect(container).catch(() => undefined);
      if (found === null) return { exitCode: 255 }; // removed by someone else
      await delay(1000, undefined, { signal }).catch(() => {});
    }
  }
  return { exitCode: 255 };
}

/** A follower has nothing more to say for long only when its container is about to end. @unit ms */
const followAgainMs = 500;

async function followAgain(read: () => Promise<void>, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    // Why it broke off is told by the wait beside it, if it lasts.
    await read().catch(() => {});
    await delay(followAgainMs, undefined, { signal: stop }).catch(() => {});
  }
}
