import { HttpConnection } from './http-connection.ts';
import type { HttpRangeLocation } from './range-location.ts';

/** Idle connections end before most stores and load balancers end them. @unit ms */
const idleMs = 15_000;

/** Idle connections of this thread, by origin. */
const idle = new Map<string, HttpConnection[]>();

const originOf = ({ protocol, hostname, port }: HttpRangeLocation): string =>
  `${protocol}//${hostname}:${port ?? ''}`;

/** The connection that was used last, or a new one. How many there are is the affair of who asks. */
export function takeConnection(location: HttpRangeLocation): HttpConnection {
  const waiting = idle.get(originOf(location)) ?? [];
  for (let connection = waiting.pop(); connection !== undefined; connection = waiting.pop())
    if (connection.isOpen) return connection;
  return new HttpConnection(location);
}

export function giveConnectionBack(location: HttpRangeLocation, connection: HttpConnection): void {
  connection.rest(idleMs);
  const origin = originOf(location);
  // Also forgets those that have ended meanwhile.
  idle.set(origin, [...(idle.get(origin) ?? []).filter((other) => other.isOpen), connection]);
}
