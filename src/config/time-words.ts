import { formatMicros, parseMicros, shortTime } from '../postgres/timestamp.ts';
import { offsetOf } from './instant.ts';

/** What a clock on the wall of this host shows. */
export interface HostClock {
  /** @unit epoch milliseconds */
  readonly nowMs: number;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
}

const unitSeconds: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 7 * 86_400,
};

const amount =
  /(\d{1,9}|an?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)(?![a-z])[\s,]*(?:and\s+)?/y;
const dayPattern =
  /^(today|yesterday)(?:\s+at)?\s+(\d{2}):(\d{2})(?::(\d{2}))?\s*(z|utc|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * A time in words, by the clock: `10 minutes ago`, `1h 30m ago`, `yesterday 14:00 UTC`, `today 09:30+01:00`, `now`.
 * A time of day without a zone is one of this host; that is fit to be said back only (`timeReading`). Null for anything
 * else, also for a time of day that the host's clocks did not show that day, or showed twice. RFC 3339 in UTC.
 */
export function readTimeWords(text: string, clock: HostClock): string | null {
  const words = text.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  const nowSeconds = Math.floor(clock.nowMs / 1000);
  if (words === 'now') return fromSeconds(nowSeconds);
  const ago = secondsAgo(words);
  if (ago !== null) return ago > nowSeconds ? null : fromSeconds(nowSeconds - ago);
  const [, day, hours, minutes, seconds = '00', zone] = dayPattern.exec(words) ?? [];
  if (day === undefined) return null;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null;
  const timeOfDay = `${hours}:${minutes}:${seconds}`;
  const daysBack = day === 'today' ? 0 : 1;
  if (zone === undefined) {
    const date = dayBefore(wallClock(clock.nowMs, clock.timeZone).slice(0, 10), daysBack);
    return onWallClock(`${date}T${timeOfDay}`, clock.timeZone);
  }
  const offset = offsetOf(zone.toUpperCase());
  if (offset === null) return null;
  const today = new Date(clock.nowMs + offset * 60_000).toISOString().slice(0, 10);
  return fromSeconds(Date.parse(`${dayBefore(today, daysBack)}T${timeOfDay}Z`) / 1000 - offset * 60);
}

/** `10 minutes ago = 2026-11-27T19:57:00Z (20:57 in this host’s zone, Europe/Berlin)` */
export function timeReading(words: string, time: string, { timeZone }: HostClock): string {
  const micros = parseMicros(time) ?? 0n;
  const local = wallClock(Number(micros / 1000n), timeZone);
  const inUtc = shortTime(micros);
  const day = local.slice(0, 10) === inUtc.slice(0, 10) ? '' : `${local.slice(0, 10)} `;
  const clockTime = local.slice(11).replace(/:00$/, '');
  return `${words.trim()} = ${inUtc} (${day}${clockTime} in this host’s zone, ${timeZone})`;
}

function secondsAgo(words: string): number | null {
  if (!words.endsWith(' ago')) return null;
  const amounts = words.slice(0, -3);
  let seconds = 0;
  for (amount.lastIndex = 0; amount.lastIndex < amounts.length; ) {
    const [, number, unit = ''] = amount.exec(amounts) ?? [];
    if (number === undefined) return null;
    seconds += (/^\d/.test(number) ? Number(number) : 1) * (unitSeconds[unit.slice(0, 1)] ?? 0);
  }
  return seconds;
}

const fromSeconds = (seconds: number): string => formatMicros(BigInt(seconds) * 1_000_000n);

const dayBefore = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);

/** `2026-11-27T20:57:00` */
function wallClock(ms: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(ms);
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.find((part) => part.type === type)?.value ?? '';
  return `${of('year').padStart(4, '0')}-${of('month')}-${of('day')}T${of('hour')}:${of('minute')}:${of('second')}`;
}

/** The one moment at which clocks of that zone show it; null when there is none, or two. */
function onWallClock(local: string, timeZone: string): string | null {
  const asUtc = Date.parse(`${local}Z`);
  // Clocks go forward or back at most once within a day: the offsets before and after are the only ones possible.
  const offsets = [-86_400_000, 86_400_000].map((near) => {
    const ms = asUtc + near;
    return Date.parse(`${wallClock(ms, timeZone)}Z`) - ms;
  });
  const moments = [...new Set(offsets.map((offset) => asUtc - offset))].filter(
    (ms) => wallClock(ms, timeZone) === local,
  );
  const [only, second] = moments;
  return only === undefined || second !== undefined ? null : fromSeconds(only / 1000);
}
