import { type ErrorData, toErrorData } from '../../errors/serialize.ts';

/** What `odo doctor` looks at, in the order in which it tells. */
export const areas = [
  'settings',
  'node',
  'rights',
  'clock',
  'journal',
  'disk',
  'programs',
  'server',
  'engine',
  'compose',
  'store',
] as const;
export type Area = (typeof areas)[number];

/**
 * - `problem`: it stands in the way of the restore that the settings describe
 * - `warning`: a restore works, though not as well, or not every kind of it
 * - `unchecked`: nothing was configured to look at
 */
export type Level = 'ok' | 'warning' | 'problem' | 'unchecked';

/** One line of `odo doctor`. */
export interface Finding {
  readonly area: Area;
  readonly level: Level;
  /** A sentence without its full stop. */
  readonly found: string;
  /** What to do about it; null when there is nothing to do. */
  readonly fix: string | null;
  /** Of a problem that a run would have ended with. */
  readonly error: ErrorData | null;
}

/** A finding before its area is known. */
export type Told = Pick<Finding, 'level' | 'found' | 'fix' | 'error'>;

export const ok = (found: string): Told => ({ level: 'ok', found, fix: null, error: null });
export const unchecked = (found: string, fix: string): Told => ({
  level: 'unchecked',
  found,
  fix,
  error: null,
});
export const warning = (found: string, fix: string): Told => ({ level: 'warning', found, fix, error: null });
export const problem = (found: string, fix: string): Told => ({ level: 'problem', found, fix, error: null });

/** An error that a run would have ended with, as a problem; as a warning where it does not stand in the way. */
export function asTold(error: unknown, level: 'problem' | 'warning' = 'problem'): Told {
  return ofData(toErrorData(error), level);
}

export const ofData = (error: ErrorData, level: 'problem' | 'warning' = 'problem'): Told => ({
  level,
  found: error.message.replace(/\.$/, ''),
  fix: error.hint ?? null,
  error,
});

export const inArea = (area: Area, told: readonly Told[]): Finding[] => told.map((one) => ({ area, ...one }));
