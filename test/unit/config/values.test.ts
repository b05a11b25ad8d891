import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { yamlJsonSchema } from '../../../src/config/json-schema.ts';
import { SecretRedactor, withoutSecrets } from '../../../src/config/redact.ts';
import { expectedOf, mayComeFrom, settingKeys, settingName, settingOf } from '../../../src/config/schema.ts';
import { defaultJournalFile } from '../../../src/config/state-dir.ts';
import {
  autoOrWholeNumber,
  backupUrl,
  owner,
  parseSize,
  rate,
  tablespaceChoices,
  volumeName,
  yesOrNo,
} from '../../../src/config/values.ts';
import { nearest } from '../../../src/errors/nearest.ts';

describe('sizes', () => {
  it.each([
    ['8GiB', 8 * 1024 ** 3],
    ['512MB', 512_000_000],
    ['512 MiB', 512 * 1024 ** 2],
    ['2g', 2 * 1024 ** 3],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['1024', 1024],
    ['0', 0],
    ['10b', 10],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'GiB', '-1', '1e9', '8 parsecs', '1iB', '9999999PiB', '0x10'])('refuses %j', (text) => {
    expect(parseSize(text)).toBeNull();
  });

  it('reads back every number of bytes', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseSize(String(bytes)) === bytes));
  });
});

describe('rates', () => {
  it.each([
    ['50MiB/s', 50 * 1024 ** 2],
    ['50MB/s', 50_000_000],
    ['50 MiB / s', 50 * 1024 ** 2],
    ['1G/S', 1024 ** 3],
    ['512KiB', 512 * 1024],
    ['65536', 65_536],
    [65_536, 65_536],
  ])('reads %s', (given, bytesPerSecond) => {
    expect(rate(64 * 1024).parse(given)).toBe(bytesPerSecond);
  });

  it.each(['', '/s', '50', 'fast', '50MiB/m', '50Mbit/s', '50MiB/s/s', '-1MiB/s', 65_535, 1e300])(
    'refuses %j',
    (given) => {
      expect(rate(64 * 1024).safeParse(given).success).toBe(false);
    },
  );
});

it('takes a number of jobs or leaves it to odo', () => {
  const jobs = autoOrWholeNumber(1, 64);
  expect(['auto', '1', 64].map((given) => jobs.parse(given))).toEqual(['auto', 1, 64]);
  for (const bad of ['0', '65', 1.5, '-1', '', 'AUTO', 'all'])
    expect(jobs.safeParse(bad).success, String(bad)).toBe(false);
});

it('takes addresses of backups without credentials in them', () => {
  for (const good of [
    's3://bucket',
    's3://bucket/a/b',
    's3://my_bucket/a',
    'file:///srv/backups',
    'sftp://me@host:22/srv',
  ]) {
    expect(backupUrl.safeParse(good).success, good).toBe(true);
  }
  for (const bad of ['bucket/a', 's3://', 's3:///a', 's3://me:pw@bucket/a', 'file://host/x', 's3://b/?x=1']) {
    expect(backupUrl.safeParse(bad).success, bad).toBe(false);
  }
});

it('takes owners by number, never root', () => {
  expect(owner.parse('999:999')).toEqual({ uid: 999, gid: 999 });
  expect(owner.parse('26:0')).toEqual({ uid: 26, gid: 0 });
  expect(owner.parse('auto')).toBe('auto');
  for (const bad of ['0:0', 'postgres', '999', '-1:1', '4294967295:1'])
    expect(owner.safeParse(bad).success, bad).toBe(false);
});

it('takes the words for yes and no', () => {
  expect(['true', 'yes', 'on', '1', true].map((word) => yesOrNo.parse(word))).toEqual([
    true,
    true,
    true,
    true,
    true,
  ]);
  expect(['false', 'no', 'off', '0', false].map((word) => yesOrNo.parse(word))).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(yesOrNo.safeParse('maybe').success).toBe(false);
});

it('takes tablespaces as text, as a list and as a map, each with an absolute path', () => {
  const cold = { tablespace: 'cold', directory: '/srv/cold' };
  const byPath = { tablespace: '/mnt/a,b', directory: '/srv/c=d,e' };
  expect(tablespaceChoices.parse('cold=/srv/cold')).toEqual([cold]);
  expect(tablespaceChoices.parse('cold=/srv/cold, /mnt/a=/srv/a,b')).toEqual([
    cold,
    { tablespace: '/mnt/a', directory: '/srv/a,b' },
  ]);
  expect(tablespaceChoices.parse(['cold=/srv/cold', '/mnt/a,b=/srv/c=d,e'])).toEqual([cold, byPath]);
  expect(tablespaceChoices.parse({ cold: '/srv/cold', '/mnt/a,b': '/srv/c=d,e' })).toEqual([cold, byPath]);
  for (const bad of ['cold', 'cold=', 'cold=srv/cold', '=/srv', ['cold=x'], { cold: 'x' }, { cold: 1 }, 5])
    expect(tablespaceChoices.safeParse(bad).success, JSON.stringify(bad)).toBe(false);
});

it('tells a path from the name of a volume', () => {
  expect(volumeName.safeParse('shop_pgdata-2.x').success).toBe(true);
  expect(volumeName.safeParse('/srv/pg').success).toBe(false);
});

it('gives every setting a description, what is expected, and its ODO_ variable first', () => {
  for (const key of settingKeys) {
    const { description, env, secret } = settingOf(key);
    expect(description, key).not.toBe('');
    expect(expectedOf(key), key).not.toBe('another value');
    if (!secret && mayComeFrom(key, 'flag'))
      expect(env[0], key).toBe(`ODO_${settingName(key).replaceAll('-', '_').toUpperCase()}`);
  }
  const shorts = settingKeys.flatMap((key) => settingOf(key).short ?? []);
  expect(new Set(shorts).size).toBe(shorts.length);
});

it('keeps secrets and the standing yes out of the schema of odo.yaml', () => {
  const { properties } = yamlJsonSchema() as { properties: Record<string, unknown> };
  expect(Object.keys(properties)).toContain('data-dir');
  for (const name of ['secret-key', 'access-key', 'session-token', 'yes', 'config'])
    expect(properties).not.toHaveProperty([name]);
});

it('guesses what was meant, and does not guess wildly', () => {
  const names = ['volume', 'new-volume', 'data-dir', 'url'];
  expect(nearest('volumn', names)).toEqual(['volume']);
  expect(nearest('dataDir', names)).toEqual(['data-dir']);
  expect(nearest('ulr', names)).toEqual(['url']);
  expect(nearest('password', names)).toEqual([]);
});

it('keeps the journal where XDG says, and ignores a relative XDG_STATE_HOME', () => {
  expect(defaultJournalFile({}, '/home/op')).toBe('/home/op/.local/state/odo/journal.sqlite');
  expect(defaultJournalFile({ XDG_STATE_HOME: '/var/state' }, '/home/op')).toBe(
    '/var/state/odo/journal.sqlite',
  );
  expect(defaultJournalFile({ XDG_STATE_HOME: 'state' }, '/home/op')).toBe(
    '/home/op/.local/state/odo/journal.sqlite',
  );
});

it('blots out secrets as they are, in URLs and in JSON', () => {
  const redactor = new SecretRedactor();
  redactor.add('a+b/"c"d');
  redactor.add('short');
  redactor.add(null);
  const text = `${JSON.stringify({ key: 'a+b/"c"d' })} ?k=${encodeURIComponent('a+b/"c"d')} a+b/"c"d short`;
  expect(redactor.redact(text)).toBe('{"key":"[secret]"} ?k=[secret] [secret] short');
  expect(withoutSecrets('s3://me:pw@bucket/a@b')).toBe('s3://[secret]@bucket/a@b');
  expect(withoutSecrets('azure://shop/b?sv=1&sig=a')).toBe('azure://shop/b?[secret]');
  expect(withoutSecrets('why? because')).toBe('why? because');
});
