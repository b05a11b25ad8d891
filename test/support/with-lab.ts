import { describe, inject } from 'vitest';

const missing = inject('labMissing');

/** `describe` for what needs the lab: without it, skipped by name with the reason. */
export function describeWithLab(name: string, tests: () => void): void {
  if (missing === null) describe(name, tests);
  else describe.skip(`${name} (no lab: ${missing})`, tests);
}
