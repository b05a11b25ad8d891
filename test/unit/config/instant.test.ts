import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/config/instant.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

describe('a moment', () => {
  it.each([
    ['2026-11-20T14:00:00Z', '2026-11-20T14:00:00.000Z'],
    ['2026-11-20t14:00:00z', '2026-11-20T14:00:00.000Z'],
    ['2026-11-20 14:00:00+01:00', '2026-11-20T13:00:00.000Z'],
    ['2026-11-20 14:00+01', '2026-11-20T13:00:00.000Z'],
    ['2026-11-20 14:00:00 -0330', '2026-11-20T17:30:00.000Z'],
    ['2026-11-20 14:00 UTC', '2026-11-20T14:00:00.000Z'],
    ['2026-11-20T14:00:00.123456Z', '2026-11-20T14:00:00.123456Z'],
    ['2026-11-20T14:00:00.1234567+01:00', '2026-11-20T13:00:00.123456Z'],
    ['2026-11-20T14:00:00.5+00:00', '2026-11-20T14:00:00.500Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
  ])('%s is %s', (text, instant) => {
    expect(parseInstant(text)).toEqual({ instant });
  });

  it.each([
    ['2026-11-20T14:00:00', '2026-11-20T14:00:00Z'],
    ['2026-11-20 14:00', '2026-11-20T14:00:00Z'],
  ])('%s has no zone and is none', (text, inUtc) => {
    expect(parseInstant(text)).toEqual({ inUtc });
  });

  it.each([
    '',
    'yesterday',
    '14:00',
    '2026-11',
    '20261120T140000',
    '2026-02-31',
    '2026-02-29T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T23:59:60Z',
    '2026-11-20T14:00:00 CET',
    '2026-11-20T14:00:00+99:00',
    '2026-11-20T14:00:00+01:60',
    '2026-11-20T14Z',
    '2026-11-20Z',
  ])('%j is none', (text) => {
    expect(parseInstant(text)).toBeNull();
  });

  it('without a zone is refused as a setting, with the one in UTC', async () => {
    await using directory = await temporaryDirectory();
    const clock = { nowMs: Date.parse('2026-11-27T20:07:00Z'), timeZone: 'UTC' };
    const load = (before: string) =>
      loadSettings({ flags: { before }, env: {}, cwd: directory.path, keys: ['before'], clock }).settings
        .before;
    expect(load('2026-11-20T15:00+01:00')).toBe('2026-11-20T14:00:00.000Z');
    expect(() => load('2026-11-20T14:00')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/with its zone.*Did you mean 2026-11-20T14:00:00Z\?$/),
      }),
    );
    expect(() => load('yesterday')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('Did you mean') }),
    );
  });
});
