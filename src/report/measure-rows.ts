import { knownDuration } from './facts.ts';
import type { Measures, RunReport } from './run-report.ts';
import { formatTime, plural } from './text.ts';
import { formatBytes, formatDuration, formatRoundDuration } from './units.ts';

/** One measure as every form shows it. */
export interface MeasureRow {
  /** As `Finding.about` and `ProofItem.id` name it; null for what has no limit. */
  readonly id: 'rto' | 'rpo' | null;
  readonly name: string;
  /** `unknown` when there is none. */
  readonly value: string;
  readonly limit: MeasureLimit | null;
  /** What the number means, or why there is none. */
  readonly note: string;
}

export interface MeasureLimit {
  readonly text: string;
  /** `unknown`: there is a limit and nothing to hold against it. */
  readonly kept: 'kept' | 'exceeded' | 'unknown';
  /** Of the limit that is used; 1 is all of it; null when unknown. */
  readonly share: number | null;
}

function limitOf(valueMs: number | null, maxMs: number | null): MeasureLimit | null {
  if (maxMs === null) return null;
  const text = formatRoundDuration(maxMs);
  if (valueMs === null) return { text, kept: 'unknown', share: null };
  return {
    text,
    kept: valueMs <= maxMs ? 'kept' : 'exceeded',
    share: maxMs > 0 ? valueMs / maxMs : valueMs > 0 ? Number.POSITIVE_INFINITY : 0,
  };
}

/** Recovery time and recovery point: what a drill is for. */
export function objectiveRows({ measures, verdict }: RunReport): MeasureRow[] {
  return [
    {
      id: 'rto',
      name: 'Recovery time (RTO)',
      value: knownDuration(measures.rtoMs),
      limit: limitOf(measures.rtoMs, measures.maxRtoMs),
      note:
        measures.rtoMs === null
          ? `The database ${verdict === 'unfinished' ? 'has not answered a query yet' : 'never answered a query'}.`
          : 'From the request to a database that answers queries, without the time in which no odo worked on it.',
    },
    {
      id: 'rpo',
      name: 'Recovery point (RPO)',
      value: knownDuration(measures.rpoMs),
      limit: limitOf(measures.rpoMs, measures.maxRpoMs),
      note:
        measures.rpoMs === null
          ? 'No commit was recovered, or its time is not known.'
          : `Age of the last recovered commit when the run began${lastCommit(measures)}.`,
    },
  ];
}

const lastCommit = ({ lastCommitAt }: Measures): string =>
  lastCommitAt === null ? '' : `; it was made at ${formatTime(lastCommitAt)}`;

/** Everything else that was counted; what is unknown is left out. */
export function amountRows({ measures }: RunReport): MeasureRow[] {
  const row = (name: string, value: string, note: string): MeasureRow[] => [
    { id: null, name, value, limit: null, note },
  ];
  return [
    ...(measures.behindArchiveMs === null
      ? []
      : row(
          'Behind the archive',
          measures.behindArchiveMs === 0 ? 'nothing' : formatDuration(measures.behindArchiveMs),
          'From the last recovered commit to the last one in the archive.',
        )),
    ...row(
      'Interruptions',
      measures.interruptions === 0 ? 'none' : plural(measures.interruptions, 'time'),
      'How often it was interrupted and resumed.',
    ),
    ...(measures.storedBytes === null
      ? []
      : row('Read', formatBytes(measures.storedBytes), 'From the store, for the base backup.')),
    ...(measures.restoredBytes === null
      ? []
      : row('Written', formatBytes(measures.restoredBytes), 'To the target.')),
    ...(measures.walBytes === null ? [] : row('Replayed', formatBytes(measures.walBytes), 'Of WAL.')),
  ];
}
