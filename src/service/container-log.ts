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
  const read = async (follow: boolean): Promise<void> => {
    let index = 0;
    for await (const { text } of docker.containers.logs(container, {
      ...(follow ? { follow: true } : {}),
      signal,
    })) {
      index += 1;
      if (index <= seen) continue;
      seen = index;
      onLine(text);
    }
  };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    try {
      await read(true);
      const exitCode = await docker.containers.wait(container, signal);
      // A follower can be let go a moment before the last lines are written.
      await read(false);
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
