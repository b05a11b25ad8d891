import { describe, expect, it } from 'vitest';
import { readTimeWords, timeReading } from '../../../src/config/time-words.ts';

const utc = { nowMs: Date.parse('2026-11-27T20:07:00.750Z'), timeZone: 'UTC' };
const berlin = { ...utc, timeZone: 'Europe/Berlin' };

describe('a time in words', () => {
  it.each([
    ['now', '2026-11-27T20:07:00.000Z'],
    ['10 minutes ago', '2026-11-27T19:57:00.000Z'],
    [' 10  Minutes AGO ', '2026-11-27T19:57:00.000Z'],
    ['10 min ago', '2026-11-27T19:57:00.000Z'],
    ['2 hours ago', '2026-11-27T18:07:00.000Z'],
    ['an hour ago', '2026-11-27T19:07:00.000Z'],
    ['1h 30m ago', '2026-11-27T18:37:00.000Z'],
    ['1 hour and 5 seconds ago', '2026-11-27T19:06:55.000Z'],
    ['3 days ago', '2026-11-24T20:07:00.000Z'],
    ['1 week ago', '2026-11-20T20:07:00.000Z'],
    ['yesterday 14:00 UTC', '2026-11-26T14:00:00.000Z'],
    ['yesterday at 14:00:30Z', '2026-11-26T14:00:30.000Z'],
    ['today 09:30+01:00', '2026-11-27T08:30:00.000Z'],
    // It is the 28th there already.
    ['today 01:00 +09', '2026-11-27T16:00:00.000Z'],
    ['yesterday 01:00+09:00', '2026-11-26T16:00:00.000Z'],
    ['yesterday 14:00', '2026-11-26T14:00:00.000Z'],
  ])('%j is %s', (words, time) => {
    expect(readTimeWords(words, utc)).toBe(time);
  });

  it.each([
    'yesterday',
    'ago',
    '10 ago',
    'minutes ago',
    '10 months ago',
    '10 minutes',
    '-5 minutes ago',
    '1.5 hours ago',
    '999999999 weeks ago',
    'yesterday 24:00',
    'yesterday 14:00 CET',
    'yesterday 14:00+99:00',
    'tomorrow 10:00 UTC',
    '2026-11-27T19:57:00Z',
  ])('%j is none', (words) => {
    expect(readTimeWords(words, utc)).toBeNull();
  });

  it('that is a time of day without a zone is one of the host, in summer and in winter', () => {
    expect(readTimeWords('today 14:00', berlin)).toBe('2026-11-27T13:00:00.000Z');
    const summer = { ...berlin, nowMs: Date.parse('2026-07-01T22:30:00Z') };
    expect(readTimeWords('today 00:10', summer)).toBe('2026-07-01T22:10:00.000Z');
    expect(readTimeWords('yesterday 14:00', summer)).toBe('2026-07-01T12:00:00.000Z');
  });

  it('that the host’s clocks showed twice or never is none', () => {
    const afterSetBack = { ...berlin, nowMs: Date.parse('2026-10-25T20:00:00Z') };
    expect(readTimeWords('today 02:30', afterSetBack)).toBeNull();
    expect(readTimeWords('today 02:30+02:00', afterSetBack)).toBe('2026-10-25T00:30:00.000Z');
    expect(readTimeWords('today 03:30', afterSetBack)).toBe('2026-10-25T02:30:00.000Z');
    const afterSetForward = { ...berlin, nowMs: Date.parse('2026-03-29T20:00:00Z') };
    expect(readTimeWords('today 02:30', afterSetForward)).toBeNull();
    expect(readTimeWords('today 01:30', afterSetForward)).toBe('2026-03-29T00:30:00.000Z');
  });
});

it('is said back in UTC and as the host’s clocks showed it', () => {
  const said = (words: string) => timeReading(words, readTimeWords(words, berlin) ?? '', berlin);
  expect(said('10 minutes ago')).toBe(
    '10 minutes ago = 2026-11-27T19:57:00Z (20:57 in this host’s zone, Europe/Berlin)',
  );
  expect(said('today 00:30')).toBe(
    'today 00:30 = 2026-11-26T23:30:00Z (2026-11-27 00:30 in this host’s zone, Europe/Berlin)',
  );
  expect(said('5 s ago')).toContain('(21:06:55 in this host’s zone');
});
