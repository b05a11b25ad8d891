import type { RunStatus } from '../../run/run-api.ts';
import type { HeldReason, RunEvent } from '../../run/run-events.ts';
import { printable } from './text.ts';

type Facts = Extract<RunEvent, { type: 'held' }>['facts'];

/** Where a held run stands, in one sentence. */
export function heldText({ reason, facts }: { reason: HeldReason; facts: Facts }): string {
  if (reason === 'not-promoted') return 'the database is consistent and waits to be promoted';
  return facts.heldBy === 'pause'
    ? 'the database is paused at its target and answers read-only queries'
    : 'the database is shut down at its target and waits to be promoted';
}

/** How to look into the paused database; null when it does not run. */
export const lookCommand = ({ facts }: { facts: Facts }): string | null =>
  typeof facts.look === 'string' ? printable(facts.look) : null;

/** What can be done with a held run, each a line to copy. `commandOf` adds what every command of the run needs. */
export function waysOn(
  runId: string,
  held: NonNullable<RunStatus['held']>,
  commandOf: (command: string) => string,
): string[] {
  const look = lookCommand(held);
  return [
    ...(look === null ? [] : [`look at it:  ${look}`]),
    `go on with:  ${commandOf(`odo promote ${runId}`)}`,
    `or move on:  ${commandOf(`odo resume ${runId} --target-time TIME`)}`,
  ];
}
