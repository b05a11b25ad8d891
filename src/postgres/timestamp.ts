/**
 * Times as the server knows them: to the microsecond (timestamp.h). A `Date` would cut them to the millisecond, and a
 * recovery target with them.
 */

const rfc3339 =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2})(?::?(\d{2}))?)$/i;

/** Null when it is no RFC 3339 time; digits behind the sixth are cut off. @unit microseconds since 1970, UTC */
export function parseMicros(text: string): bigint | null {
  const [, date, time, fraction = '', sign, hours = '0', minutes = '0'] = rfc3339.exec(text) ?? [];
  if (date === undefined || time === undefined) return null;
  const ms = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(ms)) return null;
  const offsetMinutes = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return BigInt(ms - offsetMinutes * 60_000) * 1000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
}

/** RFC 3339 in UTC: `2026-11-27T19:57:00.123Z`, with six digits where the last three are not zero. */
export function formatMicros(micros: bigint): string {
  const below = ((micros % 1000n) + 1000n) % 1000n;
  const text = new Date(Number((micros - below) / 1000n)).toISOString();
  return below === 0n ? text : `${text.slice(0, -1)}${String(below).padStart(3, '0')}Z`;
}

/** RFC 3339 in UTC as short as it can be without losing anything: `2026-11-27T19:57:00Z`. */
export const shortTime = (micros: bigint): string =>
  formatMicros(micros)
    .replace(/(\.\d*?)0+Z$/, '$1Z')
    .replace('.Z', 'Z');

/**
 * A time as the server writes it into its log and history files (timestamptz_to_str): `2026-11-20 13:02:11.5+05:30`.
 * RFC 3339 in UTC; null when it is none, or of a year that is not four digits.
 */
export function parseServerTime(text: string): string | null {
  const micros = parseMicros(text.trim());
  return micros === null ? null : shortTime(micros);
}

/**
 * `2026-11-27 19:57:00.123456+00`: never without the offset, which the server would take from its own `TimeZone`.
 * What is no RFC 3339 time stays as it is.
 */
export function serverTimestamp(rfc3339Time: string): string {
  const micros = parseMicros(rfc3339Time);
  if (micros === null) return rfc3339Time;
  const text = formatMicros(micros).slice(0, -1).replace('T', ' ');
  return `${text.padEnd(26, '0')}+00`;
}
