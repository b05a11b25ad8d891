/**
 * The WAL segment that the startup process reads or waits for, from its title (`update_process_title` is on unless
 * somebody turned it off): `postgres: odo-1: startup recovering 000000010000000000000005`; three spaces up to 13.
 * Null for another process, and while it does something else.
 */
export function segmentOfTitle(title: string): string | null {
  return /^postgres: (?:.*: )?startup\s+(?:recovering|waiting for) ([0-9A-F]{24})\b/.exec(title)?.[1] ?? null;
}
