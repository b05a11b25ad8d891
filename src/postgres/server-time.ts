/**
 * A time as the server writes it into its log and history files (timestamptz_to_str): ISO date style, microseconds
 * without trailing zeros, the offset in hours and, if need be, minutes and seconds: `2026-11-20 13:02:11.5+05:30`.
 * RFC 3339 in UTC, with microseconds where there are any; null when it is none, or of a year that is not four digits.
 */
export function parseServerTime(text: string): string | null {
  const match =
    /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?$/.exec(
      text.trim(),
    );
  if (!match) return null;
  const part = (index: number): number => Number(match[index] ?? 0);
  const local = Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6));
  const offsetSeconds = part(9) * 3600 + part(10) * 60 + part(11);
  const utc = new Date(local - (match[8] === '-' ? -1 : 1) * offsetSeconds * 1000);
  const fraction = (match[7] ?? '').replace(/0+$/, '');
  return `${utc.toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}
