import { readFileSync } from 'node:fs';

/** Changes with every start of this machine (random(4)); null where there is none, as on macOS. */
export function currentBootId(): string | null {
  try {
    return readFileSync(bootIdFile, 'utf8').trim();
  } catch {
    return null;
  }
}

/** In a container it is the machine's. */
export const bootIdFile = '/proc/sys/kernel/random/boot_id';
