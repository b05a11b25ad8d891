import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { yamlJsonSchema } from '../../../src/config/json-schema.ts';
import { type FlagValues, loadSettings } from '../../../src/config/load.ts';
import { settingKeys } from '../../../src/config/schema.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';

const clock = { nowMs: Date.parse('2026-11-27T20:07:00Z'), timeZone: 'UTC' };
let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'odo-sections-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const write = (...lines: string[]): void => writeFileSync(join(cwd, 'odo.yaml'), `${lines.join('\n')}\n`);
const load = (database: string | null = null, flags: FlagValues = {}, env: Record<string, string> = {}) =>
  loadSettings({ flags, env, cwd, keys: settingKeys, clock, database });

function problemsOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (!(error instanceof OdoError)) throw error;
    const problems = error.details?.problems as { text: string }[];
    return problems.map(({ text }) => text);
  }
  throw new Error('nothing was thrown');
}

describe('databases', () => {
  it('have their own settings before those of all, and behind flags and variables', () => {
    write(
      'url: s3://backups/all',
      'region: everywhere',
      'max-rto: 1h',
      'reserve: 2GiB',
      'databases:',
      '  orders:',
      '    url: s3://backups/orders',
      '    region: here',
      '    max-rto: 15m',
      '  stock:',
    );
    const { settings, provenance, databases, database } = load(
      'orders',
      { region: 'flag' },
      { ODO_MAX_RTO: '5m' },
    );
    expect(settings).toMatchObject({
      url: 's3://backups/orders',
      region: 'flag',
      maxRto: 300_000,
      reserve: 2 * 1024 ** 3,
    });
    expect(provenance).toMatchObject({
      url: 'odo.yaml line 7 (databases.orders)',
      region: 'flag -r',
      maxRto: 'environment ODO_MAX_RTO',
      reserve: 'odo.yaml line 4',
    });
    expect({ databases, database }).toEqual({ databases: ['orders', 'stock'], database: 'orders' });
    expect(load('stock').settings.url).toBe('s3://backups/all');
    expect(load().settings.url).toBe('s3://backups/all');
  });

  it('hide a choice that is made for all', () => {
    write('volume: pgdata', 'databases:', '  orders:', '    data-dir: data');
    expect(load('orders').settings).toMatchObject({ volume: null, dataDir: join(cwd, 'data') });
    expect(load().settings).toMatchObject({ volume: 'pgdata', dataDir: null });
  });

  it('that are not there are told with those that are', () => {
    write('databases:', '  orders:', '  stock:');
    expect(problemsOf(() => load('order'))).toEqual([
      'database order: there is no such entry below databases in odo.yaml; expected one of orders, stock. Did you mean orders?',
    ]);
  });

  it('are checked for their keys also when none is chosen, and for their values when they are', () => {
    write(
      'url: s3://backups/all',
      'databases:',
      '  orders:',
      '    regoin: here',
      '    journal: /elsewhere',
      '    secret-key: hunter2',
      '    jobs: many',
      '  "no/name":',
      '  stock: 7',
    );
    const always = [
      'odo.yaml line 4: odo has no setting regoin. Did you mean region?',
      'odo.yaml line 5: journal does not belong to one database; it is for all of them, at the top of the file.',
      'odo.yaml line 6: secret-key does not belong in a settings file; keep credentials in the environment or in .env.',
      'odo.yaml line 8: "no/name" is no name for a database; expected up to 100 letters, digits and . _ -.',
      'odo.yaml line 9: stock must have "setting: value" lines below it.',
    ];
    expect(problemsOf(() => load())).toEqual(always);
    expect(problemsOf(() => load('orders'))).toEqual([
      ...always,
      'odo.yaml line 7 (databases.orders): jobs is "many"; expected auto, or a whole number from 1 to 64.',
    ]);
  });
});

describe('assertions', () => {
  it('are the common ones and the database’s own, which may replace a common one', () => {
    write(
      'assertions:',
      '  - name: has tables',
      '    sql: SELECT FROM pg_class',
      '    min-rows: 1',
      '  - {name: encoding, sql: SHOW server_encoding, expect: UTF8, database: shop}',
      'databases:',
      '  orders:',
      '    assertions:',
      '      - name: newest order',
      '        sql: SELECT max(made_at) FROM orders',
      '        max-age: 15m',
      '        timeout: 5s',
      '      - {name: has tables, sql: SELECT FROM orders, min-rows: 1000}',
      '  stock:',
    );
    const hasTables = {
      name: 'has tables',
      sql: 'SELECT FROM pg_class',
      expect: { kind: 'min-rows', rows: 1 },
    };
    const encoding = {
      name: 'encoding',
      database: 'shop',
      sql: 'SHOW server_encoding',
      expect: { kind: 'value', value: 'UTF8' },
      timeoutMs: 60_000,
    };
    expect(load('stock').assertions).toMatchObject([hasTables, encoding]);
    expect(load().assertions).toHaveLength(2);
    expect(load('orders').assertions).toEqual([
      encoding,
      {
        name: 'newest order',
        database: null,
        sql: 'SELECT max(made_at) FROM orders',
        expect: { kind: 'max-age', ms: 900_000 },
        timeoutMs: 5000,
      },
      {
        name: 'has tables',
        database: null,
        sql: 'SELECT FROM orders',
        expect: { kind: 'min-rows', rows: 1000 },
        timeoutMs: 60_000,
      },
    ]);
  });

  it.each([
    ['1.50', '1.50'],
    ['"1.50"', '1.50'],
    ['0', '0'],
    ['true', 't'],
    ['false', 'f'],
    ['on', 'on'],
    ['2026-11-22', '2026-11-22'],
  ])('expect %s as the server shows it: %s', (written, value) => {
    write('assertions:', `  - {name: a, sql: SELECT 1, expect: ${written}}`);
    expect(load().assertions[0]?.expect).toEqual({ kind: 'value', value });
  });

  it('that are wrong are all told at once, with their lines', () => {
    write(
      'assertions:',
      '  - name: none',
      '    sql: SELECT 1',
      '  - name: two',
      '    sql: SELECT 1',
      '    expect: 1',
      '    min-rows: 1',
      '  - sql: SELECT 1',
      '    expect: [1]',
      '    time-out: 5s',
      '  - {name: age, sql: SELECT now(), max-age: 15 parsecs, timeout: 0s}',
      '  - {name: twice, sql: SELECT 1, expect: 1}',
      '  - {name: twice, sql: SELECT 1, expect: 1}',
      '  - SELECT 1',
      'databases:',
      '  orders:',
      '    assertions: SELECT 1',
    );
    expect(problemsOf(() => load())).toEqual([
      'odo.yaml line 2: the assertion "none" does not say what is expected; expected one of expect, min-rows, max-age.',
      'odo.yaml line 4: the assertion "two" has expect and min-rows; expected one of expect, min-rows, max-age.',
      'odo.yaml line 9: expect is a list or a group; expected text, a number, true or false.',
      'odo.yaml line 10: an assertion has no time-out. Did you mean timeout?',
      'odo.yaml line 8: the assertion has no name.',
      'odo.yaml line 11: max-age is "15 parsecs"; expected a duration such as 90s, 15m, 1h30m or 2d.',
      'odo.yaml line 11: timeout is "0s"; expected a duration such as 90s, 15m, 1h30m or 2d.',
      'odo.yaml line 13: there is another assertion "twice" in the same list.',
      'odo.yaml line 14: an assertion must have name, sql and what is expected.',
      'odo.yaml line 17: assertions must be a list of "- name: …" with sql and what is expected.',
    ]);
  });
});

it('has both sections in the schema of odo.yaml, whose references exist', () => {
  const schema = yamlJsonSchema() as { properties: Record<string, unknown> };
  const references = [...JSON.stringify(schema).matchAll(/"#\/properties\/([^"]+)"/g)].map(
    ([, name]) => name,
  );
  expect(references).toContain('assertions');
  expect(references).toContain('url');
  expect(references).not.toContain('journal');
  for (const name of references) expect(schema.properties).toHaveProperty([name ?? '']);
});
