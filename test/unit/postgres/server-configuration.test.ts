import { describe, expect, it } from 'vitest';
import {
  isOn,
  joinList,
  readServerConfiguration,
  splitList,
} from '../../../src/postgres/server-configuration.ts';
import { configurationFiles } from '../../support/configuration-files.ts';

const read = (texts: Readonly<Record<string, string>>) =>
  readServerConfiguration(configurationFiles(texts), '/data');
const valuesOf = async (texts: Readonly<Record<string, string>>) =>
  Object.fromEntries([...(await read(texts)).settings].map(([name, { value }]) => [name, value]));

describe('the configuration of a data directory', () => {
  it('is what stands last: an include counts where it stands, postgresql.auto.conf at the end', async () => {
    const texts = {
      'postgresql.conf': "a = 1\nB = 'main'\ninclude 'custom.conf'\nc = 'after the include'\nd = 1\n",
      'custom.conf': "b = 'custom'\nc = 'custom'\n",
      'postgresql.auto.conf': 'D = 2 # set by ALTER SYSTEM\n',
    };
    expect(await valuesOf(texts)).toEqual({ a: '1', b: 'custom', c: 'after the include', d: '2' });
    const { settings, files } = await read(texts);
    expect(settings.get('b')).toEqual({ name: 'b', value: 'custom', file: 'custom.conf', line: 1 });
    expect(files).toEqual(['postgresql.conf', 'custom.conf', 'postgresql.auto.conf']);
  });

  it('reads a directory in the order of its names, only *.conf and nothing hidden', async () => {
    const texts = {
      'postgresql.conf': 'include_dir = conf.d\n',
      'conf.d/20-b.conf': 'a = 2\nb = 2\n',
      'conf.d/10-a.conf': "a = 1\ninclude '../more.conf'\n",
      'conf.d/30.conf.bak': 'a = 3\n',
      'conf.d/.40.conf': 'a = 4\n',
      'more.conf': 'm = 1\n',
    };
    expect(await valuesOf(texts)).toEqual({ a: '2', b: '2', m: '1' });
  });

  it('says what it could not follow, and whether that is a mistake', async () => {
    const { includes } = await read({
      'postgresql.conf': [
        "include_if_exists 'not.conf'",
        "include 'gone.conf'",
        "include '/etc/postgresql/x.conf'",
        "include '/data/there.conf'",
        "include_dir 'conf.d'",
      ].join('\n'),
      'there.conf': '',
    });
    expect(includes.map(({ kind, path, target, line }) => [line, kind, path, target])).toEqual([
      [1, 'include_if_exists', 'not.conf', 'missing'],
      [2, 'include', 'gone.conf', 'missing'],
      [3, 'include', '/etc/postgresql/x.conf', 'outside'],
      [4, 'include', '/data/there.conf', 'read'],
      [5, 'include_dir', 'conf.d', 'missing'],
    ]);
  });

  it('ends where files include each other', async () => {
    const { settings } = await read({ 'postgresql.conf': "a = 1\ninclude 'postgresql.conf'\n" });
    expect(settings.get('a')?.value).toBe('1');
  });

  it('can be read with lines taken out or changed', async () => {
    const files = configurationFiles({ 'postgresql.conf': 'a = 1\na = 2\nb = 1\n' });
    const changes = new Map([
      ['postgresql.conf:2', { to: null }],
      ['postgresql.conf:3', { to: '9' }],
    ]);
    const { settings } = await readServerConfiguration(files, '/data', changes);
    expect(settings.get('a')?.value).toBe('1');
    expect(settings.get('b')?.value).toBe('9');
  });
});

describe('a value', () => {
  it.each(['on', 'TRUE', 't', 'yes', '1', 'y'])('%s is on', (value) => expect(isOn(value)).toBe(true));
  it.each(['off', 'false', '0', 'n', 'o', '', undefined])('%s is not on', (value) =>
    expect(isOn(value)).toBe(false),
  );

  it('that is a list is split at commas outside quotes, and put together again', () => {
    const list = ' pgaudit, "$libdir/a,b" ,pg_stat_statements';
    expect(splitList(list)).toEqual(['pgaudit', '$libdir/a,b', 'pg_stat_statements']);
    expect(splitList(joinList(splitList(list)))).toEqual(splitList(list));
    expect(splitList('')).toEqual([]);
  });
});
