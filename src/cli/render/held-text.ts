import type { RunStatus } from '../../run/run-api.ts';
import type { HeldReason, RunEvent } from '../../run/run-events.ts';
import { printable } from './text.ts';

type Facts = Extract<RunEvent, { type: 'held' }>['facts'];

/** Where a held run stands, in one sentence. */
export function heldText({ reason, facts }: { reason: HeldReason; facts: Facts }): string {
  if (reason === 'kept') return 'the drill’s database is up, until it is abandoned';
  if (reason === 'not-promoted') return 'the database is consistent and waits to be promoted';
  return facts.heldBy === 'pause'
    ? 'the database is paused at its target and answers read-only queries'
    : 'the database is shut down at its target and waits to be promoted';
}

/** How to look into a database that answers queries; null when it does not run. */
export const lookCommand = ({ facts }: { facts: Facts }): string | null =>
  typeof facts.look === 'string' ? printable(facts.look) : null;

/** Where a client of this host can connect to; null when the database has no network, or does not run. */
export const connectionTo = ({ facts }: { facts: Facts }): string | null =>
  typeof facts.connection === 'string' ? printable(facts.connection) : null;

/** What can be done with a held run, each a line to copy. `commandOf` adds what every command of the run needs. */
export function waysOn(
  runId: string,
  held: NonNullable<RunStatus['held']>,
  commandOf: (command: string) => string,
): string[] {
  const look = lookCommand(held);
  const looks = look === null ? [] : [`look at it:  ${look}`];
  if (held.reason === 'kept') {
    const connection = connectionTo(held);
    return [
      ...looks,
      ...(connection === null ? [] : [`connect to:  ${connection}`]),
      `remove it:   ${commandOf(`odo abandon ${runId}`)}`,
    ];
  }
  return [
    ...looks,
    `go on with:  ${commandOf(`odo promote ${runId}`)}`,
    `or move on:  ${commandOf(`odo resume ${runId} --target-time TIME`)}`,
  ];
}
