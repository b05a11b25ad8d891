import { basePrefix } from '../backups.ts';
import type { Contender, Result, Round } from '../contender.ts';
import { freshJournal } from './odo.ts';
import {
  findPhase,
  layDown,
  type OdoEvent,
  runOdo,
  safeBytes,
  secondsBetween,
  startArgs,
} from './odo-run.ts';

const isBaseProgress = (event: OdoEvent): event is OdoEvent & { done: number; total: number } =>
  event.type === 'progress' &&
  event.phase === 'restoreBase' &&
  event.done !== undefined &&
  event.total != null;

async function killHalfWay(round: Round) {
  const journal = freshJournal(round);
  let runId: string | undefined;
  /** How far the killed process had come, by its last word. */
  let reached = 0;
  const first = await runOdo(
    round,
    startArgs(round, { prefix: basePrefix, journal, flags: [] }),
    (event, kill) => {
      runId ??= event.runId ?? undefined;
      if (!isBaseProgress(event)) return;
      reached = Math.max(reached, event.done);
      if (event.done >= event.total / 2) kill();
    },
  );
  if (!first.killed || runId === undefined)
    throw new Error('odo was over before it could be killed: the backup is too small for this.');
  return {
    first,
    reached,
    safe: await safeBytes(runId, journal),
    resumeArgs: ['resume', runId, '--journal', journal],
  };
}

async function killAndResume(round: Round): Promise<Result> {
  const { first, reached, safe, resumeArgs } = await killHalfWay(round);
  const second = await runOdo(round, resumeArgs);
  // Bytes that the first process had read too are done again, but new for the disk: all behind the checkpoint is cut off.
  const firstNew = second.events.find((event) => isBaseProgress(event) && event.done > safe);
  const sealed = findPhase(second.events, 'seal', 'completed');
  const began = findPhase(first.events, 'restoreBase', 'started');
  if (began === undefined || sealed === undefined)
    throw new Error('odo did not tell of a phase it should have.');
  const firstPart = first.wallSeconds - began.seconds;
  return {
    // From the beginning of restoreBase, as undisturbed; the second start of odo counts as a loss.
    wallSeconds: firstPart + sealed.seconds,
    cpuSeconds: first.cpuSeconds + second.cpuSeconds,
    peakRssBytes: Math.max(first.peakRssBytes, second.peakRssBytes),
    details: {
      process: first.wallSeconds + second.wallSeconds,
      restoreBase:
        firstPart +
        secondsBetween(
          findPhase(second.events, 'restoreBase', 'started'),
          findPhase(second.events, 'restoreBase', 'completed'),
        ),
      toSeal: firstPart + sealed.seconds,
      ...(firstNew === undefined ? {} : { firstNewByte: firstNew.seconds }),
    },
    notes: [
      `killed at ${Math.round(reached / 1e6)} MB of the stored object, resumed at ${Math.round(safe / 1e6)} MB`,
    ],
  };
}

export const odoKilled: readonly Contender[] = [
  {
    name: 'odo-killed',
    title: 'odo, killed half-way and resumed',
    isDurable: true,
    tree: 'same',
    layDown: async (round) => layDown(round, (await killHalfWay(round)).resumeArgs),
    run: killAndResume,
  },
];
