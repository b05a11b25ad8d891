import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { barmanPrefix, basePrefix } from '../backups.ts';
import type { Contender, Result, Round } from '../contender.ts';
import {
  findPhase,
  indexMentions,
  layDown,
  type OdoRun,
  odoStartHas,
  runOdo,
  secondsBetween,
  startArgs,
} from './odo-run.ts';

/**
 * The compared time ends with `seal`: only then does odo's tree have what a peer's has, the owner and, on disk, every
 * name. Preflight, recovery and the rest, which no peer does, are in `process`.
 */
export function odoResult(run: OdoRun, notes: readonly string[] = []): Result {
  const began = findPhase(run.events, 'restoreBase', 'started');
  const toSeal = secondsBetween(began, findPhase(run.events, 'seal', 'completed'));
  return {
    ...run,
    wallSeconds: toSeal,
    details: {
      restoreBase: secondsBetween(began, findPhase(run.events, 'restoreBase', 'completed')),
      toSeal,
      process: run.wallSeconds,
    },
    notes,
  };
}

export function odoContender(options: {
  name: string;
  title: string;
  isDurable?: boolean;
  prefix?: string;
  flags?: readonly string[];
  /** An option of `odo start` without which there is nothing to measure. */
  needs?: string;
}): Contender {
  const { name, title, prefix = basePrefix, flags = [], needs } = options;
  return {
    name,
    title,
    isDurable: options.isDurable ?? true,
    tree: prefix === basePrefix ? 'same' : 'similar',
    absent: async () =>
      needs === undefined || (await odoStartHas(needs)) ? null : `this odo has no ${needs}`,
    layDown: (round) => layDown(round, startArgs(round, { prefix, journal: freshJournal(round), flags })),
    run: async (round) =>
      odoResult(await runOdo(round, startArgs(round, { prefix, journal: freshJournal(round), flags }))),
  };
}

/** A journal of this run alone: nothing an earlier run has learnt helps it. */
export const freshJournal = ({ directory }: Round): string => join(directory, 'journal.sqlite');

/** The journal that a first restore has left, by the backup's folder. */
const taughtJournals = new Map<string, string>();

function startWithTaughtJournal(round: Round): string[] {
  const taught = taughtJournals.get(round.backups.baseFolder);
  if (taught === undefined) throw new Error('The first restore, which writes the index, is missing.');
  const journal = freshJournal(round);
  // SQLite's log beside it too: what is in it is as much a part of the journal.
  for (const end of ['', '-wal']) if (existsSync(taught + end)) copyFileSync(taught + end, journal + end);
  return startArgs(round, { prefix: basePrefix, journal, flags: [] });
}

/** Each round works on a copy of one first restore's journal, so that no round knows more than another. */
const odoWithIndex: Contender = {
  name: 'odo-index',
  title: 'odo, a later restore of the same backup (seek index)',
  isDurable: true,
  tree: 'same',
  prepare: async (round) => {
    const journal = freshJournal(round);
    await runOdo(round, startArgs(round, { prefix: basePrefix, journal, flags: [] }));
    taughtJournals.set(round.backups.baseFolder, journal);
  },
  layDown: (round) => layDown(round, startWithTaughtJournal(round)),
  run: async (round) => {
    const run = await runOdo(round, startWithTaughtJournal(round));
    const mentions = indexMentions(run.events);
    return mentions.length === 0
      ? { ...odoResult(run), lacks: 'a seek index: its events mention none' }
      : odoResult(run, [`its events say ${mentions.join(', ')}`]);
  },
};

export const odoRestores: readonly Contender[] = [
  odoContender({ name: 'odo', title: 'odo' }),
  odoContender({ name: 'odo-barman', title: 'odo, the backup of barman-cloud', prefix: barmanPrefix }),
  odoContender({
    name: 'odo-no-sync',
    title: 'odo `--no-sync`',
    isDurable: false,
    flags: ['--no-sync'],
    needs: '--no-sync',
  }),
];

export const odoIndex: readonly Contender[] = [odoWithIndex];

export const odoCheckpoints: readonly Contender[] = [
  odoContender({
    name: 'odo-one-checkpoint',
    title: 'odo `--checkpoint-size 1TiB`: no checkpoint on the way',
    flags: ['--checkpoint-size', '1TiB'],
  }),
];
