/** Phases of which the duration is told beforehand, in their order. */
export const timedPhases = [
  'stopService',
  'prepareTarget',
  'restoreBase',
  'restoreWal',
  'configureRecovery',
  'layOut',
  'seal',
  'recover',
  'reachTarget',
  'promote',
  'prove',
  'configureDatabase',
  'switchOver',
  'startService',
  'verify',
  'cleanUp',
  'tearDown',
] as const;

/** What a run is there for; `preparation`: another's server is to recover what it lays down. */
export type Purpose = 'restore' | 'drill' | 'preparation';

export const purposeOf = ({
  drill,
  preparesOnly,
}: {
  readonly drill?: unknown;
  readonly preparesOnly?: boolean;
}): Purpose => (drill != null ? 'drill' : preparesOnly === true ? 'preparation' : 'restore');

/** All that a preparation comes to: nothing is stopped, started or proved. */
const preparing: readonly TimedPhase[] = [
  'prepareTarget',
  'restoreBase',
  'restoreWal',
  'layOut',
  'seal',
  'cleanUp',
];

/** A drill’s database is started for it alone and removed again; nothing of the service is touched. */
const notOf: Readonly<Record<Purpose, readonly TimedPhase[]>> = {
  restore: ['layOut', 'prove', 'tearDown'],
  drill: [
    'layOut',
    'stopService',
    'reachTarget',
    'configureDatabase',
    'switchOver',
    'startService',
    'verify',
    'cleanUp',
  ],
  preparation: timedPhases.filter((phase) => !preparing.includes(phase)),
};

/** Whether a run that is there for this can come to the phase at all. */
export const belongsTo = (phase: TimedPhase, purpose: Purpose): boolean => !notOf[purpose].includes(phase);

export type TimedPhase = (typeof timedPhases)[number];

export const isTimed = (phase: string): phase is TimedPhase =>
  (timedPhases as readonly string[]).includes(phase);

interface Span {
  readonly ms: number;
  readonly lowMs: number;
  readonly highMs: number;
}

/** What is assumed of a phase that was never measured: wide, so that nobody takes it for knowledge. */
interface Assumption {
  readonly fixedMs: Span;
  /** For each byte stored (`restoreBase`) or each WAL segment. */
  readonly perUnitMs?: Span;
}

const seconds = (lowest: number, likely: number, highest: number): Span => ({
  ms: likely * 1000,
  lowMs: lowest * 1000,
  highMs: highest * 1000,
});

/** A rate in bytes a second as time for each `unitBytes`. */
const atRates = (unitBytes: number, slowest: number, likely: number, fastest: number): Span => ({
  ms: (unitBytes / likely) * 1000,
  lowMs: (unitBytes / fastest) * 1000,
  highMs: (unitBytes / slowest) * 1000,
});

const MiB = 1024 ** 2;
const segment = 16 * MiB;

export const assumptions: Readonly<Record<TimedPhase, Assumption>> = {
  stopService: { fixedMs: seconds(1, 5, 60) },
  prepareTarget: { fixedMs: seconds(0.2, 3, 60) },
  restoreBase: { fixedMs: seconds(0.5, 1, 5), perUnitMs: atRates(1, 10 * MiB, 60 * MiB, 400 * MiB) },
  restoreWal: { fixedMs: seconds(0.2, 1, 5), perUnitMs: atRates(segment, 20 * MiB, 100 * MiB, 800 * MiB) },
  configureRecovery: { fixedMs: seconds(0.1, 1, 30) },
  layOut: { fixedMs: seconds(0.1, 1, 30) },
  seal: { fixedMs: seconds(0.1, 1, 10) },
  recover: { fixedMs: seconds(1, 3, 20), perUnitMs: atRates(segment, 15 * MiB, 60 * MiB, 300 * MiB) },
  reachTarget: {
    fixedMs: seconds(1, 3, 20),
    perUnitMs: atRates(segment, 15 * MiB, 60 * MiB, 300 * MiB),
  },
  promote: { fixedMs: seconds(1, 3, 20), perUnitMs: atRates(segment, 15 * MiB, 60 * MiB, 300 * MiB) },
  prove: { fixedMs: seconds(2, 20, 600) },
  configureDatabase: { fixedMs: seconds(0.1, 0.5, 5) },
  switchOver: { fixedMs: seconds(1, 3, 30) },
  startService: { fixedMs: seconds(0.5, 3, 30) },
  verify: { fixedMs: seconds(0.5, 3, 60) },
  cleanUp: { fixedMs: seconds(0.1, 1, 20) },
  tearDown: { fixedMs: seconds(0.1, 1, 60) },
};
