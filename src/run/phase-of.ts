import { type Phase, phases } from './run-events.ts';

/** The phase a machine state stands for; of parallel ones the first that is still working. */
export function phaseOf(value: unknown): Phase | null {
  if (typeof value === 'string')
    return (phases as readonly string[]).includes(value) ? (value as Phase) : null;
  if (typeof value !== 'object' || value === null) return null;
  for (const inner of Object.values(value)) {
    const phase = phaseOf(inner);
    if (phase !== null) return phase;
  }
  return null;
}
