import { expectedText } from '../../run/expected-text.ts';
import { phaseNames } from '../../run/phase-names.ts';
import type { RunEvent } from '../../run/run-events.ts';
import type { RestorePlan } from '../../steps/restore-plan.ts';
import { formatBytes } from '../../steps/units.ts';
import type { RunHeading } from './renderer.ts';
import { cut, printable, widthOf } from './text.ts';
import { formatAmount, formatDuration, formatPercent, formatRate, formatTime } from './units.ts';

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

type ReplayEvent = Extract<EventOf<'progress'>, { unit: 'wal-bytes' }>;

/** `base 20261120T020000, timeline 3 -> volume pgdata` */
export function headingOfPlan(plan: RestorePlan): string {
  const { backup, wal } = plan.contents;
  const timeline = wal?.timeline ?? backup.timeline;
  return printable(
    `base ${backup.id}${timeline === null ? '' : `, timeline ${timeline}`} -> ${plan.targetDescription}`,
  );
}

/** `plan 8d1c64b0e7f2a935…, expected 12 m 10 s`: enough to compare with the page that was signed. */
export function planLine({ digest, expected }: RestorePlan): string | null {
  if (digest === undefined) return null;
  const duration = expected === undefined ? '' : `, expected to take ${expectedText(expected.total)}`;
  return `plan SHA-256 ${digest.slice(0, 16)}…${duration}`;
}

export const headingOf = ({ backup, target }: RunHeading): string =>
  printable(`${backup === null ? '' : `base ${backup} `}-> ${target}`);

/** What a completed phase did: `6 m 02 s   41.3 GiB   117 MiB/s`. */
export function completedText({ attempt, durationMs, facts, earlier }: EventOf<'phase'>): string {
  if (earlier === true) return 'done before';
  const parts = [durationMs === undefined ? '' : formatDuration(durationMs).padEnd(9)];
  const { bytes, segments, ofSegments } = facts ?? {};
  if (typeof segments === 'number') {
    // The rest comes while it is replayed.
    const total = typeof ofSegments === 'number' && ofSegments > segments ? ofSegments : null;
    parts.push(formatAmount(segments, total, 'segments'));
  }
  if (typeof bytes === 'number') {
    parts.push(formatBytes(bytes).padEnd(8));
    // Under a second a rate says nothing, and of a later attempt the bytes are not all its own.
    if (attempt === 1 && durationMs !== undefined && durationMs >= 1000)
      parts.push(formatRate((bytes * 1000) / durationMs, 'bytes'));
  }
  return parts.join('  ').trimEnd();
}

/** How long ago something was heard of a phase. */
export interface Ages {
  /** Of its last checkpoint; null when there was none. */
  readonly checkpointMs: number | null;
  /** Of the progress itself. */
  readonly silentMs: number;
}

/** A store that is slow is none that is silent. */
const silentAfterMs = 5000;

/** Progress for a log line: everything that is known. */
export const progressText = (event: EventOf<'progress'>, ages: Ages): string =>
  joined([...numberParts(event), ...placeParts(event, ages)]);

/**
 * Progress in at most `width` columns: percent, amount, rate and time left, and behind them where the phase is: what is
 * being read, or how far a replay is in time, and how long ago the last checkpoint was. Where there is no room for all
 * of it, the place has a line of its own, and what is wanted least is left out. Where nothing has come for a while, that is
 * said in place of a rate and of a time left.
 */
export function fittedProgress(
  event: EventOf<'progress'>,
  width: number,
  ages: Ages = { checkpointMs: null, silentMs: 0 },
): string[] {
  const isSilent = ages.silentMs >= silentAfterMs && event.done !== event.total;
  const numbers = numberParts(isSilent ? { ...event, rate: null, etaMs: null } : event);
  const place = [
    ...placeParts(event, ages),
    ...(isSilent ? [{ text: `silent for ${formatDuration(ages.silentMs)}`, rank: 0 }] : []),
  ];
  const whole = joined([...numbers, ...place]);
  if (widthOf(whole) <= width) return [whole];
  return [numbers, place].filter((parts) => parts.length > 0).map((parts) => fitted(parts, width));
}

interface Part {
  readonly text: string;
  /** The least is wanted most. */
  readonly rank: number;
  /** Better cut than left out. */
  readonly cuttable?: true;
}

const joined = (parts: readonly Part[]): string => parts.map(({ text }) => text).join('  ');

function fitted(parts: readonly Part[], width: number): string {
  const chosen = new Map<Part, Part>();
  let used = 0;
  for (const part of parts.toSorted((a, b) => a.rank - b.rank)) {
    const gap = chosen.size === 0 ? 0 : 2;
    const room = width - used - gap;
    const text = part.cuttable && room >= 12 ? cut(part.text, room) : part.text;
    if (widthOf(text) > room) continue;
    chosen.set(part, { ...part, text });
    used += widthOf(text) + gap;
  }
  return joined(parts.flatMap((part) => chosen.get(part) ?? []));
}

function numberParts(event: EventOf<'progress'>): Part[] {
  const { done, total, unit, rate, etaMs } = event;
  const percent = formatPercent(done, total);
  const amount = unit === 'wal-bytes' ? formatPosition(event) : formatAmount(done, total, unit);
  return [
    // Padded, so that a line redrawn in place does not dance.
    ...(percent === null ? [] : [{ text: percent.padStart(3), rank: 0 }]),
    { text: amount, rank: 2 },
    ...(rate === null ? [] : [{ text: formatRate(rate, unit), rank: 3 }]),
    ...(etaMs === null ? [] : [{ text: `${formatDuration(etaMs)} left`, rank: 1 }]),
  ];
}

function placeParts(event: EventOf<'progress'>, { checkpointMs }: Ages): Part[] {
  const item = event.unit === 'wal-bytes' ? null : event.item;
  const time = event.unit === 'wal-bytes' ? replayTimeText(event) : null;
  return [
    ...(item === null ? [] : [{ text: printable(item), rank: 1, cuttable: true } as const]),
    ...(time === null ? [] : [{ text: time, rank: 1, cuttable: true } as const]),
    ...(checkpointMs === null
      ? []
      : [{ text: `checkpoint ${formatDuration(Math.max(0, checkpointMs))} ago`, rank: 0 }]),
  ];
}

/** `0/1A000028 of 0/2B0000A0` */
export const formatPosition = ({ lsn, targetLsn }: Pick<ReplayEvent, 'lsn' | 'targetLsn'>): string =>
  `${lsn}${targetLsn === null ? '' : ` of ${targetLsn}`}`;

/** `replaying 0/1A000028 of 0/2B0000A0, 47%, at 2026-11-20 13:02:11Z, 85.0 MiB/s, 2 m 05 s left` */
export function replayText(
  position: Pick<
    ReplayEvent,
    'lsn' | 'targetLsn' | 'commitTime' | 'targetTime' | 'done' | 'total' | 'rate' | 'etaMs'
  >,
): string {
  const { done, total, rate, etaMs } = position;
  return [
    `replaying ${formatPosition(position)}`,
    formatPercent(done, total),
    replayTimeText(position),
    rate === null ? null : formatRate(rate, 'wal-bytes'),
    etaMs === null ? null : `${formatDuration(etaMs)} left`,
  ]
    .filter((part) => part !== null)
    .join(', ');
}

/** How far the replay is in time: `at 2026-11-20 13:02:11Z of 14:10:00Z`; null when that is not known. */
export function replayTimeText({
  commitTime,
  targetTime,
}: Pick<ReplayEvent, 'commitTime' | 'targetTime'>): string | null {
  if (commitTime === null) return null;
  const [at, to] = [commitTime, targetTime].map((time) =>
    time === null ? null : formatTime(time).replace('T', ' '),
  );
  if (at == null || to == null) return at == null ? null : `at ${at}`;
  return `at ${at} of ${to.slice(0, 11) === at.slice(0, 11) ? to.slice(11) : to}`;
}

/** What a run is called at its head: `drill`, `resume` … */
export const verbOf = ({ status, kind }: EventOf<'run'>): string =>
  status === 'started' ? (kind ?? 'restore') : status === 'resumed' ? 'resume' : 'abandon';

/** `Tables and indexes of shop: 212 relations (4 s)` */
export function proofText({ title, summary, durationMs }: EventOf<'proof'>['item']): string {
  const took = durationMs === null || durationMs < 1000 ? '' : ` (${formatDuration(durationMs)})`;
  return printable(`${title}: ${summary}${took}`);
}

const shownDetails = 5;

/** The first problems of a proof that failed; the rest is in the report. */
export function proofDetails({ outcome, details }: EventOf<'proof'>['item']): string[] {
  if (outcome !== 'failed') return [];
  const more = details.length - shownDetails;
  return [
    ...details.slice(0, shownDetails).map(printable),
    ...(more > 0 ? [`and ${more} more, in the report`] : []),
  ];
}

/** What was left behind about a run. */
export function evidenceText({ kind, where, problem }: EventOf<'evidence'>): string {
  if (problem !== null) return `warning: ${printable(problem)}`;
  return kind === 'notification' ? `${printable(where)} was notified` : `${kind} in ${printable(where)}`;
}

/** `systemIdentifier` → `system identifier` */
const factName = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** What a run ended with, a line a fact. */
export function factLines(facts: Readonly<Record<string, string | number | boolean | null>>): string[] {
  const rows = Object.entries(facts).filter(([, value]) => value !== null);
  const width = Math.max(0, ...rows.map(([key]) => factName(key).length));
  return rows.map(([key, value]) => {
    const shown =
      typeof value === 'boolean'
        ? value
          ? 'yes'
          : 'no'
        : key.endsWith('ytes')
          ? formatBytes(Number(value))
          : String(value);
    return `  ${factName(key).padEnd(width)}  ${printable(shown)}`;
  });
}

export const inPhase = (phase: EventOf<'failed'>['phase']): string =>
  phase === null ? '' : ` in the phase "${phaseNames[phase]}"`;
