import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where the lab keeps what is expensive to make: image trees, fixtures, the engine's log. */
export const labDir = process.env.ODO_LAB_DIR ?? '/var/lib/odo-lab';

/** A directory below the lab's, created when missing. */
export function labPath(...parts: string[]): string {
  const path = join(labDir, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}
