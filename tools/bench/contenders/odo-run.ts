/** odo as its users run it: by its command line, watched by its JSON events. */
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../../../test/lab/run-command.ts';
import { bucket } from '../backups.ts';
import { type Round, treeOf } from '../contender.ts';
import { serverBinDir } from '../programs.ts';
import { runTimed, type TimedRun } from '../timed-command.ts';

/** As it is published: from source, every start would compile all of it. */
const cli = join(import.meta.dirname, '../../../dist/cli.js');

const eventSchema = z.looseObject({
  at: z.string().optional(),
  type: z.string(),
  runId: z.string().nullable().optional(),
  phase: z.string().optional(),
  state: z.string().optional(),
  status: z.string().optional(),
  durationMs: z.number().optional(),
  done: z.number().optional(),
  total: z.number().nullable().optional(),
  facts: z.unknown().optional(),
});
export interface OdoEvent extends z.infer<typeof eventSchema> {
  /** Since the start of the process, when its line was read. */
  readonly seconds: number;
}

export interface OdoRun extends TimedRun {
  readonly events: readonly OdoEvent[];
}

/** Whether `odo start` has this option: the bench also runs against an odo that does not have it yet. */
export async function odoStartHas(option: string): Promise<boolean> {
  return (await run(process.execPath, [cli, 'start', '--help'])).includes(option);
}

/** What every way of starting odo here has in common. No service, and no promotion: it ends with a data directory. */
export function startArgs(
  round: Round,
  options: { prefix: string; journal: string; flags: readonly string[] },
): string[] {
  return [
    'start',
    ...['-u', `s3://${bucket}/${options.prefix}`, '-e', round.store.endpoint],
    ...['--data-dir', treeOf(round), '--pg-bin', serverBinDir],
    ...['--no-promote', '--yes', '--journal', options.journal],
    ...options.flags,
  ];
}

export async function runOdo(
  round: Round,
  args: readonly string[],
  onEvent: (event: OdoEvent, kill: () => void) => void = () => {},
): Promise<OdoRun> {
  const events: OdoEvent[] = [];
  const timed = await runTimed(
    { argv: [process.execPath, cli, ...args, '--json'], env: round.store.env },
    (line, seconds, kill) => {
      const event = { ...eventSchema.parse(JSON.parse(line)), seconds };
      events.push(event);
      onEvent(event, kill);
    },
  );
  return { ...timed, events };
}

const statusSchema = z.looseObject({ baseBytes: z.looseObject({ done: z.number() }).nullable() });

/** Stored bytes of the base backup that a resumed run does not read again, as the journal says. */
export async function safeBytes(runId: string, journal: string): Promise<number> {
  const answer = await run(process.execPath, [cli, 'status', runId, '--journal', journal, '--json']);
  return statusSchema.parse(JSON.parse(answer)).baseBytes?.done ?? 0;
}

export const findPhase = (events: readonly OdoEvent[], phase: string, state: string): OdoEvent | undefined =>
  events.find((event) => event.type === 'phase' && event.phase === phase && event.state === state);

/** Kills odo as soon as the base backup is laid down: afterwards a server recovers it, and the tree is no longer the archive's. */
export async function layDown(round: Round, args: readonly string[]): Promise<void> {
  await runOdo(round, args, ({ phase, state }, kill) => {
    if (phase === 'restoreBase' && state === 'completed') kill();
  });
}

/** Seconds between two moments of a run by odo's own clock. */
export function secondsBetween(from: OdoEvent | undefined, to: OdoEvent | undefined): number {
  if (from?.at === undefined || to?.at === undefined)
    throw new Error('odo did not tell of a phase it should have.');
  return (Date.parse(to.at) - Date.parse(from.at)) / 1000;
}

/** Every mention of a seek index in what odo said. */
export function indexMentions(events: readonly OdoEvent[]): string[] {
  const facts = events.flatMap((event) => {
    const count = (event.facts as Record<string, unknown> | undefined)?.archivesBySeekIndex;
    return typeof count === 'number' && count > 0 ? [`${count} archive(s) by seek index`] : [];
  });
  return [...new Set(facts)];
}
