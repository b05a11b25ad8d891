/** Phases of which the duration is told beforehand, in their order. */
export const timedPhases = [
  'stopService',
  'prepareTarget',
  'restoreBase',
  'restoreWal',
  'configureRecovery',
  'seal',
  'recover',
  'reachTarget',
  'promote',
  'configureDatabase',
  'switchOver',
  'startService',
  'verify',
  'cleanUp',
] as const;

export type TimedPhase = (typeof timedPhases)[number];

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
  seal: { fixedMs: seconds(0.1, 1, 10) },
  recover: { fixedMs: seconds(1, 3, 20), perUnitMs: atRates(segment, 15 * MiB, 60 * MiB, 300 * MiB) },
  reachTarget: {
    fixedMs: seconds(1, 3, 20),
    perUnitMs: atRates(segment, 15 * MiB, 60 * MiB, 300 * MiB),
  },
  promote: { fixedMs: seconds(1, 3, 20), perUnitMs: atRates(segment, 15 * MiB, 60 * MiB, 300 * MiB) },
  configureDatabase: { fixedMs: seconds(0.1, 0.5, 5) },
  switchOver: { fixedMs: seconds(1, 3, 30) },
  startService: { fixedMs: seconds(0.5, 3, 30) },
  verify: { fixedMs: seconds(0.5, 3, 60) },
  cleanUp: { fixedMs: seconds(0.1, 1, 20) },
};
