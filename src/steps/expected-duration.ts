import type { BackupContents } from '../backup/base-backup.ts';
import { parseSegmentName } from '../postgres/wal-segment.ts';
import { assumptions, belongsTo, purposeOf, type TimedPhase, timedPhases } from './phase-assumptions.ts';
import { recoveryOf } from './planned-recovery.ts';
import type { RestorePlan } from './restore-plan.ts';
import { spoolSegments } from './spool-size.ts';

/** How long something takes, most likely and at the ends of what is likely. @unit ms */
export interface Expected {
  readonly ms: number;
  readonly lowMs: number;
  readonly highMs: number;
}

/** `alike`: restores of this source, with this format onto this kind of target; `assumed`: nothing was measured yet. */
export type DurationBasis = 'alike' | 'others' | 'assumed';

export interface ExpectedPhase extends Expected {
  readonly phase: TimedPhase;
  readonly basis: DurationBasis;
  /** Earlier runs that it was measured in; 0 when assumed. */
  readonly runs: number;
}

/** From the journal's own history, as far as it goes. Plain JSON, part of the plan, no part of its digest. */
export interface ExpectedDuration {
  /** Only those that the plan has; `restoreBase` and `restoreWal` go on side by side. */
  readonly phases: readonly ExpectedPhase[];
  readonly total: Expected;
  /** From before the service is stopped until it is started again; null when none is stopped, or none started again. */
  readonly outage: Expected | null;
}

/** What decides how long the phases of a restore take. */
export interface RestoreSize {
  /** Objects of the base backup. @unit bytes */
  readonly storedBytes: number;
  /** WAL segments up to consistency, and behind it; null when not known. */
  readonly segmentsToConsistency: number | null;
  readonly segmentsBehind: number | null;
  /** Those that are fetched before the recovery server runs; the others come while it replays. */
  readonly segmentsAhead: number | null;
  readonly sourceUrl: string;
  readonly format: string;
  readonly targetKind: string;
  readonly access: string;
  readonly maxRateBytesPerSecond: number | null;
}

/** A phase of an earlier run that was done in one go. */
export interface MeasuredPhase {
  readonly phase: string;
  readonly durationMs: number;
  readonly of: RestoreSize;
}

/** Restores that are larger or smaller than this by more say little: small ones are mostly waiting. */
const comparable = 8;

/** Each measurement counts this much of the one behind it. */
const fading = 0.8;

/** More would only bring back how it used to be. */
const mostMeasurements = 20;

/** `measured`: newest first. */
export function expectedDuration(plan: RestorePlan, measured: readonly MeasuredPhase[]): ExpectedDuration {
  const size = sizeOf(plan);
  const phases = timedPhases
    .filter((phase) => isPlanned(phase, plan))
    .map((phase) => expectedPhase(phase, size, measured));
  return {
    phases,
    total: together(phases),
    outage: comesBack(plan) ? together(phases.filter(({ phase }) => isOutage(phase, plan))) : null,
  };
}

export function sizeOf(plan: RestorePlan): RestoreSize {
  const { contents } = plan;
  return {
    storedBytes: storedBytesOf(contents),
    ...segmentCounts(
      contents.wal,
      contents.wal?.source === 'archive' && plan.preparesOnly !== true
        ? (plan.recovery?.spoolBytes ?? null)
        : null,
    ),
    sourceUrl: plan.source.url,
    format: contents.backup.format,
    targetKind: plan.target.kind,
    access: plan.access,
    maxRateBytesPerSecond: plan.maxRateBytesPerSecond,
  };
}

function storedBytesOf({ archives, trees = [], links = [] }: BackupContents): number {
  const sum = (objects: readonly { readonly sizeBytes: number }[]): number =>
    objects.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  return [...links, { archives, trees }].reduce(
    (bytes, one) => bytes + sum(one.archives) + sum((one.trees ?? []).flatMap(({ files }) => files)),
    0,
  );
}

type SegmentCounts = Pick<RestoreSize, 'segmentsToConsistency' | 'segmentsBehind' | 'segmentsAhead'>;

/** Counted by the names: WAL that comes with the backup is in no list of objects. `spoolBytes`: null without a bound. */
export function segmentCounts(
  wal: Pick<
    NonNullable<BackupContents['wal']>,
    'beginSegment' | 'consistentSegment' | 'lastSegment' | 'segmentBytes'
  > | null,
  spoolBytes: number | null,
): SegmentCounts {
  const unknown = { segmentsToConsistency: null, segmentsBehind: null, segmentsAhead: null };
  if (wal === null) return unknown;
  const numberOf = (name: string) => parseSegmentName(name, wal.segmentBytes)?.number ?? null;
  const begin = numberOf(wal.beginSegment);
  const consistent = numberOf(wal.consistentSegment);
  const last = numberOf(wal.lastSegment);
  if (begin === null || consistent === null || last === null) return unknown;
  const all = Math.max(last, consistent) - begin + 1;
  return {
    segmentsToConsistency: consistent - begin + 1,
    segmentsBehind: Math.max(0, last - consistent),
    segmentsAhead:
      spoolBytes === null ? all : Math.min(all, spoolSegments({ recovery: { spoolBytes } }, wal)),
  };
}

/** Whether the run waits for `odo promote` before it is at its end. */
export function isHeld(plan: RestorePlan): boolean {
  const { standby, action } = recoveryOf(plan);
  return standby === null && (!plan.promote || action !== 'promote');
}

/** As far as the run goes by itself. */
function isPlanned(phase: TimedPhase, plan: RestorePlan): boolean {
  if (!belongsTo(phase, purposeOf(plan))) return false;
  switch (phase) {
    case 'stopService':
      return plan.stopsFirst;
    case 'reachTarget':
      return recoveryOf(plan).standby !== null || (plan.promote && isHeld(plan));
    case 'promote':
      return recoveryOf(plan).standby === null && !isHeld(plan);
    case 'switchOver':
      return plan.switchOver !== null && !isHeld(plan);
    case 'startService':
      return plan.service.kind !== 'none' && !isHeld(plan);
    case 'configureDatabase':
    case 'verify':
    case 'cleanUp':
      return !isHeld(plan);
    default:
      return true;
  }
}

const comesBack = (plan: RestorePlan): boolean =>
  plan.service.kind !== 'none' && plan.serviceWasRunning && !isHeld(plan);

/** With a new volume the service is away for the switch-over only. */
const isOutage = (phase: TimedPhase, plan: RestorePlan): boolean =>
  plan.switchOver === null
    ? phase !== 'verify' && phase !== 'cleanUp'
    : phase === 'switchOver' || phase === 'startService';

/** One after the other, but for the two that go on side by side. */
function together(phases: readonly ExpectedPhase[]): Expected {
  const sum = (of: (phase: ExpectedPhase) => number): number => {
    const beside = phases.filter(({ phase }) => phase === 'restoreBase' || phase === 'restoreWal').map(of);
    const others = phases.filter(({ phase }) => phase !== 'restoreBase' && phase !== 'restoreWal').map(of);
    return others.reduce((total, one) => total + one, Math.max(0, ...beside));
  };
  return { ms: sum(({ ms }) => ms), lowMs: sum(({ lowMs }) => lowMs), highMs: sum(({ highMs }) => highMs) };
}

/** How much of what a phase's duration grows with; 1 where nothing is known to decide it. */
function amountOf(phase: string, size: RestoreSize): number | null {
  switch (phase) {
    case 'restoreBase':
      return size.storedBytes;
    case 'restoreWal':
      return size.segmentsAhead;
    case 'recover':
      return size.segmentsToConsistency;
    case 'reachTarget':
    case 'promote':
      return size.segmentsBehind === null ? null : size.segmentsBehind + 1;
    default:
      return 1;
  }
}

function expectedPhase(
  phase: TimedPhase,
  size: RestoreSize,
  measured: readonly MeasuredPhase[],
): ExpectedPhase {
  const amount = amountOf(phase, size);
  const usable = measured.flatMap((one) => {
    const other = one.phase === phase ? amountOf(phase, one.of) : null;
    // A restore that was held back says nothing about one that is not.
    const isHeldBack = one.of.maxRateBytesPerSecond !== null && phase.startsWith('restore');
    return other === null || other <= 0 || isHeldBack ? [] : [{ ...one, amount: other }];
  });
  if (amount === null || usable.length === 0) return notFaster(assumed(phase, amount ?? 1), size);
  const near = usable.filter((one) => one.amount <= amount * comparable && amount <= one.amount * comparable);
  const alike = (near.length > 0 ? near : usable).filter(({ of }) => isAlike(of, size));
  const others = near.length > 0 ? near : usable;
  const basis = alike.length > 0 ? 'alike' : 'others';
  const chosen = (basis === 'alike' ? alike : others).slice(0, mostMeasurements);
  const paces = chosen.map(({ durationMs, amount: of }, index) => ({
    value: (durationMs * amount) / of,
    weight: fading ** index,
  }));
  // One measurement is no range yet, and a restore of another size less still.
  const spread = near.length === 0 ? 3 : chosen.length < 3 ? 1.5 : 1.1;
  const expected: ExpectedPhase = {
    phase,
    basis,
    runs: chosen.length,
    ms: quantile(paces, 0.5),
    lowMs: quantile(paces, 0.1) / spread,
    highMs: quantile(paces, 0.9) * spread,
  };
  return notFaster(expected, size);
}

const isAlike = (one: RestoreSize, other: RestoreSize): boolean =>
  one.sourceUrl === other.sourceUrl &&
  one.format === other.format &&
  one.targetKind === other.targetKind &&
  one.access === other.access;

function assumed(phase: TimedPhase, amount: number): ExpectedPhase {
  const { fixedMs, perUnitMs = { ms: 0, lowMs: 0, highMs: 0 } } = assumptions[phase];
  const of = (key: keyof Expected): number => fixedMs[key] + amount * perUnitMs[key];
  return { phase, basis: 'assumed', runs: 0, ms: of('ms'), lowMs: of('lowMs'), highMs: of('highMs') };
}

/** `--max-rate` holds, however fast the store was before. */
function notFaster(expected: ExpectedPhase, size: RestoreSize): ExpectedPhase {
  const { maxRateBytesPerSecond: rate, storedBytes } = size;
  if (rate === null || expected.phase !== 'restoreBase') return rounded(expected);
  const leastMs = (storedBytes / rate) * 1000;
  const slow = (ms: number): number => Math.max(ms, leastMs);
  const { ms, lowMs, highMs } = expected;
  return rounded({ ...expected, ms: slow(ms), lowMs: slow(lowMs), highMs: slow(highMs) });
}

const rounded = (expected: ExpectedPhase): ExpectedPhase => ({
  ...expected,
  ms: Math.round(expected.ms),
  lowMs: Math.round(expected.lowMs),
  highMs: Math.round(expected.highMs),
});

/** The smallest value with at least `part` of all weight up to it: a suspended laptop moves it by one place only. */
function quantile(values: readonly { value: number; weight: number }[], part: number): number {
  const sorted = values.toSorted((one, other) => one.value - other.value);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  let passed = 0;
  for (const { value, weight } of sorted) {
    passed += weight;
    if (passed >= part * total) return value;
  }
  return sorted.at(-1)?.value ?? 0;
}
