import { describe, expect, test } from 'vitest';
import {
  expectedDuration,
  type MeasuredPhase,
  segmentCounts,
  sizeOf,
} from '../../../src/steps/expected-duration.ts';
import type { RestorePlan } from '../../../src/steps/restore-plan.ts';
import { samplePlan, sampleRecovery } from '../../../tools/sample-events.ts';

const GiB = 1024 ** 3;
const plan: RestorePlan = { ...samplePlan, recovery: sampleRecovery, maxRateBytesPerSecond: null };
/** 13 GiB stored, six segments up to consistency and two behind. */
const size = sizeOf(plan);

const measured = (
  phase: string,
  seconds: number,
  change: Partial<MeasuredPhase['of']> = {},
): MeasuredPhase => ({
  phase,
  durationMs: seconds * 1000,
  of: { ...size, ...change },
});
const phaseOf = (name: string, history: readonly MeasuredPhase[], of: RestorePlan = plan) => {
  const found = expectedDuration(of, history).phases.find(({ phase }) => phase === name);
  if (found === undefined) throw new Error(`${name} is not planned`);
  return found;
};
const names = (of: Partial<RestorePlan>) =>
  expectedDuration({ ...plan, ...of }, []).phases.map(({ phase }) => phase);

describe('how long a phase will take', () => {
  test('is assumed, widely, where nothing was measured', () => {
    const base = phaseOf('restoreBase', []);
    expect(base).toMatchObject({ basis: 'assumed', runs: 0 });
    expect(base.highMs / base.lowMs).toBeGreaterThan(10);
  });

  test('is in proportion to the stored bytes', () => {
    const history = [measured('restoreBase', 100, { storedBytes: 6.5 * GiB })];
    expect(phaseOf('restoreBase', history)).toMatchObject({ basis: 'alike', runs: 1, ms: 200_000 });
  });

  test('is in proportion to the segments that are replayed', () => {
    expect(phaseOf('recover', [measured('recover', 30, { segmentsToConsistency: 3 })]).ms).toBe(60_000);
    expect(phaseOf('promote', [measured('promote', 10, { segmentsBehind: 0 })]).ms).toBe(30_000);
    expect(phaseOf('restoreWal', [measured('restoreWal', 4, { segmentsAhead: 4 })]).ms).toBe(8_000);
  });

  test('is that of restores like it, before that of others', () => {
    const others = [1, 2, 3].map(() => measured('restoreBase', 900, { sourceUrl: 's3://elsewhere' }));
    expect(phaseOf('restoreBase', [...others, measured('restoreBase', 100)])).toMatchObject({
      basis: 'alike',
      runs: 1,
      ms: 100_000,
    });
    expect(phaseOf('restoreBase', others)).toMatchObject({ basis: 'others', runs: 3, ms: 900_000 });
  });

  test('is not taken from a restore of another size while there is a nearer one', () => {
    const tiny = measured('restoreBase', 5, { storedBytes: 1024 });
    const near = measured('restoreBase', 100, { sourceUrl: 's3://elsewhere' });
    expect(phaseOf('restoreBase', [tiny, near])).toMatchObject({ basis: 'others', ms: 100_000 });
    const far = phaseOf('restoreBase', [measured('restoreBase', 5, { storedBytes: GiB })]);
    expect(far).toMatchObject({ basis: 'alike', ms: 65_000 });
    expect(far.highMs).toBe(195_000);
  });

  test('follows what it is now, and is not moved by one that lay asleep for hours', () => {
    const history = [
      ...[100, 101, 99].map((seconds) => measured('restoreBase', seconds)),
      measured('restoreBase', 30_000),
      ...[500, 500, 500, 500].map((seconds) => measured('restoreBase', seconds)),
    ];
    const expected = phaseOf('restoreBase', history);
    expect(expected.ms).toBeLessThanOrEqual(101_000);
    expect(expected.lowMs).toBeLessThan(100_000);
  });

  test('is not taken from a run that was held back, and is never less than --max-rate allows', () => {
    const heldBack = measured('restoreBase', 10_000, { maxRateBytesPerSecond: 1024 });
    expect(phaseOf('restoreBase', [heldBack]).basis).toBe('assumed');
    const limited = { ...plan, maxRateBytesPerSecond: 13 * 1024 ** 2 };
    expect(phaseOf('restoreBase', [measured('restoreBase', 100)], limited)).toMatchObject({
      ms: 1024_000,
      lowMs: 1024_000,
    });
  });
});

describe('how long the restore will take', () => {
  const history = expectedDuration(plan, []).phases.map(({ phase }) => measured(phase, 10));
  const sum = (of: RestorePlan) => expectedDuration(of, history);

  test('counts the base backup and its WAL once, since they go on side by side', () => {
    // Twelve phases of ten seconds each, two of them at the same time.
    expect(sum(plan).phases).toHaveLength(12);
    expect(sum(plan).total.ms).toBe(110_000);
  });

  test('tells the outage from stopping the service to starting it', () => {
    // Not verify and not cleanUp.
    expect(sum(plan).outage?.ms).toBe(90_000);
    expect(sum({ ...plan, serviceWasRunning: false }).outage).toBeNull();
    expect(sum({ ...plan, service: { kind: 'none' }, stopsFirst: false }).outage).toBeNull();
  });

  test('tells it of the switch-over only where the service gets a new volume', () => {
    const from = { kind: 'volume', source: 'a', alias: null, destination: '/d' } as const;
    const switching = { ...plan, stopsFirst: false, switchOver: { from, toVolume: 'b', toAlias: 'b' } };
    const { outage, phases } = expectedDuration(switching, [...history, measured('switchOver', 10)]);
    expect(outage?.ms).toBe(20_000);
    expect(phases.map(({ phase }) => phase)).not.toContain('stopService');
  });

  test('goes as far as the run goes by itself', () => {
    const behind = ['configureDatabase', 'startService', 'verify', 'cleanUp'];
    expect(names({}).slice(-6)).toEqual(['recover', 'promote', ...behind]);
    expect(names({ promote: false }).at(-1)).toBe('recover');
    const paused = { recovery: { ...sampleRecovery, action: 'pause' } } as const;
    expect(names(paused).slice(-2)).toEqual(['recover', 'reachTarget']);
    expect(sum({ ...plan, ...paused }).outage).toBeNull();
    const standby = { primaryConninfo: 'host=db1', primarySlot: null };
    const following = names({ recovery: { ...sampleRecovery, standby } });
    expect(following.slice(-6)).toEqual(['recover', 'reachTarget', ...behind]);
  });
});

test('segments are counted by their names, across the end of a log file, and no further than the spool', () => {
  const wal = {
    beginSegment: '0000000100000001000000FE',
    consistentSegment: '000000010000000200000000',
    lastSegment: '00000002000000020000000A',
    segmentBytes: 16 * 1024 ** 2,
  };
  expect(segmentCounts(wal, null)).toEqual({
    segmentsToConsistency: 3,
    segmentsBehind: 10,
    segmentsAhead: 13,
  });
  expect(segmentCounts(wal, 64 * 1024 ** 2).segmentsAhead).toBe(4);
  const unknown = { segmentsToConsistency: null, segmentsBehind: null, segmentsAhead: null };
  expect(segmentCounts(null, null)).toEqual(unknown);
  expect(segmentCounts({ ...wal, beginSegment: 'null' }, null)).toEqual(unknown);
});
