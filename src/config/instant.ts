import { formatMicros } from '../postgres/timestamp.ts';

/** A moment, or what keeps the text from being one. */
export type ParsedInstant =
  /** RFC 3339, UTC; digits behind the microsecond are cut off. */
  | { readonly instant: string }
  /** It has no zone: what it would be in UTC. */
  | { readonly inUtc: string }
  | null;

const pattern =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*([Zz]|UTC|[+-]\d{2}(?::?\d{2})?)?)?$/;

/**
 * `2026-11-20T14:00:00Z`, `2026-11-20 14:00+01`, or a date, which means its first moment in UTC. A time of day without
 * a zone means another moment on every host and is none.
 */
export function parseInstant(text: string): ParsedInstant {
  const [, date, time, seconds = '00', fraction = '', zone] = pattern.exec(text.trim()) ?? [];
  if (date === undefined) return null;
  const wallClock = `${date}T${time ?? '00:00'}:${seconds}`;
  const inUtc = Date.parse(`${wallClock}Z`);
  // The parser takes 31 February for 3 March, and 24:00 for the next day.
  if (Number.isNaN(inUtc) || new Date(inUtc).toISOString().slice(0, 19) !== wallClock) return null;
  if (time !== undefined && zone === undefined) return { inUtc: `${wallClock}Z` };
  const offsetMinutes = offsetOf(zone ?? 'Z');
  if (offsetMinutes === null) return null;
  const micros = BigInt(fraction.padEnd(6, '0').slice(0, 6));
  return { instant: formatMicros(BigInt(inUtc - offsetMinutes * 60_000) * 1000n + micros) };
}

/** East of UTC is positive; null for an offset that no place has. @unit minutes */
export function offsetOf(zone: string): number | null {
  const [, sign, hours, minutes = '00'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  if (hours === undefined) return 0;
  if (Number(hours) > 15 || Number(minutes) > 59) return null;
  return (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
}
