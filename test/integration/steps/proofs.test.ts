import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LocalLauncher } from '../../../src/service/launcher-local.ts';
import type { ServerProcess } from '../../../src/service/server-launcher.ts';
import type { Assertion } from '../../../src/steps/drill-request.ts';
import { amcheckOf } from '../../../src/steps/proof/amcheck.ts';
import { assertionOf } from '../../../src/steps/proof/assertion.ts';
import { collationsOf } from '../../../src/steps/proof/collations.ts';
import { dumpOf } from '../../../src/steps/proof/dump.ts';
import { identity } from '../../../src/steps/proof/identity.ts';
import type { Proving } from '../../../src/steps/proof/proof.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { assertion, prove, provingOf } from '../../support/proving.ts';
import { describeWithLab } from '../../support/with-lab.ts';
import { type LocalCluster, localCluster, testRun } from '../service/local-cluster.ts';

describeWithLab('what a drill proves about a database of this host', () => {
  let cluster: LocalCluster;
  let server: ServerProcess;
  let proving: Proving;
  let ruinedFile: string;

  const launch = async () => {
    let isReady = false;
    server = await new LocalLauncher({ ...cluster, runId: testRun }).launch(
      ['-c', 'restart_after_crash=off'],
      (line) => (isReady ||= line.includes('ready to accept connections')),
      new AbortController().signal,
    );
    await waitUntil('it is ready', () => isReady);
    proving = provingOf(server, { superuser: 'boss', databases: ['app', 'Old="Shop', 'postgres'] });
  };
  const sql = (text: string, database = 'app') => server.query(text, { user: 'boss', database });

  beforeAll(async () => {
    cluster = await localCluster();
    await launch();
    for (const name of ['app', 'damaged', '"Old=""Shop"']) await sql(`CREATE DATABASE ${name}`, 'postgres');
    for (const database of ['app', 'damaged', 'Old="Shop']) {
      await sql(
        `CREATE TABLE wares (id int PRIMARY KEY, name text);
         INSERT INTO wares SELECT g, md5(g::text) FROM generate_series(1, 2000) g`,
        database,
      );
    }
    // Its index was built with another function than the one that there is now; no page is damaged.
    await sql(
      `CREATE FUNCTION sought(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1)';
       CREATE INDEX wares_sought ON wares (sought(name));
       CREATE OR REPLACE FUNCTION sought(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT reverse($1)'`,
      'Old="Shop',
    );
    ruinedFile = await sql(`SELECT pg_relation_filepath('wares')`, 'damaged');
    await server.stop('fast');
    const file = await open(join(cluster.paths.dataDirectory, ruinedFile), 'r+');
    await file.write(Buffer.alloc(8, 0x41), 0, 8, 8192 + 12); // lower, upper and special of the second page's header
    await file.close();
    await launch();
  });
  afterAll(async () => {
    await server.stop('immediate');
    await cluster[Symbol.asyncDispose]();
  });

  /** Its installation without pg_amcheck. */
  const withoutProgram = (): Proving => ({
    ...proving,
    server: {
      ...server,
      runClient: async (program, args, options) =>
        program === 'pg_amcheck'
          ? { exitCode: 127, stdout: '', stderr: '' }
          : server.runClient(program, args, options),
    },
  });

  describe.each([
    ['pg_amcheck', () => proving],
    ['its functions', withoutProgram],
  ] as const)('by %s', (_, surroundings) => {
    test('sound tables and indexes are so', async () => {
      expect(await prove(amcheckOf('app', 'heapallindexed'), surroundings())).toEqual({
        outcome: 'passed',
        summary: expect.stringMatching(
          /^\d+ tables and \d+ indexes are sound; every row is in its indexes\.$/,
        ),
        details: [],
      });
    });

    test('an index that lacks rows is found when every row is looked up, and only then', async () => {
      expect(await prove(amcheckOf('Old="Shop', 'heapallindexed'), surroundings())).toEqual({
        outcome: 'failed',
        summary: expect.stringMatching(
          /btree index Old="Shop\.public\.wares_sought: heap tuple \(0,1\) from table "wares" lacks matching index tuple within index "wares_sought"/,
        ),
        details: [],
      });
      expect(await prove(amcheckOf('Old="Shop', 'tables'), surroundings())).toMatchObject({
        outcome: 'passed',
      });
    });

    test('a damaged page of a table is found', async () => {
      const found = await prove(amcheckOf('damaged', 'tables'), surroundings());
      expect(found.outcome).toBe('failed');
      expect([found.summary, ...found.details].join('\n')).toMatch(
        /heap table damaged\.public\.wares: invalid page in block 1 of relation base/,
      );
    });
  });

  test('what was set for a database neither ends a check nor forbids it', async () => {
    await sql('CREATE DATABASE ruled', 'postgres');
    await sql('ALTER DATABASE ruled SET default_transaction_read_only = on', 'postgres');
    await sql(`ALTER DATABASE ruled SET statement_timeout = '1min'`, 'postgres');
    const options = { user: 'boss', database: 'ruled', signal: proving.context.signal };
    const shown = await server.runClient('psql', ['-XAt', '-c', 'SHOW statement_timeout'], options);
    expect(shown.stdout.trim()).toBe('0');
    for (const surroundings of [proving, withoutProgram()])
      expect(await prove(amcheckOf('ruled', 'tables'), surroundings)).toMatchObject({ outcome: 'passed' });
  });

  test('every row is read to its end, and what cannot be read is told', async () => {
    expect(await prove(dumpOf('Old="Shop', true), proving)).toMatchObject({ outcome: 'passed' });
    const found = await prove(dumpOf('damaged', true), proving);
    expect(found).toMatchObject({
      outcome: 'failed',
      summary: expect.stringMatching(/^invalid page in block 1 of relation base/),
    });
    expect(found.details.join('\n')).toContain('COPY public.wares');
  });

  test('a database that takes no connection is a finding; a server that is gone is none', async () => {
    expect(await prove(dumpOf('nowhere', true), proving)).toMatchObject({
      outcome: 'failed',
      summary: 'database "nowhere" does not exist',
    });
    expect(await prove(amcheckOf('nowhere', 'tables'), proving)).toMatchObject({
      outcome: 'failed',
      summary: 'database "nowhere" does not exist',
    });
    const gone = provingOf(server, { superuser: 'nobody' });
    await expect(prove(dumpOf('app', true), gone)).rejects.toMatchObject({ code: 'STEP_FAILED' });
    await expect(prove(amcheckOf('app', 'tables'), gone)).rejects.toMatchObject({ code: 'STEP_FAILED' });
  });

  test('who it is', async () => {
    const id = await sql('SELECT system_identifier FROM pg_control_system()');
    const options = { superuser: 'boss', systemIdentifier: id };
    expect(await prove(identity, provingOf(server, options))).toMatchObject({
      outcome: 'passed',
      summary: expect.stringMatching(new RegExp(`^System identifier ${id}, PostgreSQL 15\\.`)),
    });
    const other = provingOf(server, { ...options, systemIdentifier: '1' });
    expect(await prove(identity, other)).toMatchObject({
      outcome: 'failed',
      summary: `The database has the system identifier ${id}, and the backup is of 1.`,
    });
  });

  test('a collation that has changed is bad only when nothing looked at the indexes', async () => {
    const unchanged = { outcome: 'passed', summary: 'No collation that is used has changed.', details: [] };
    expect(await prove(collationsOf('off'), proving)).toEqual(unchanged);
    await sql(`UPDATE pg_database SET datcollversion = '1.0' WHERE datname = 'app'`);
    expect(await prove(collationsOf('tables'), proving)).toMatchObject({
      outcome: 'passed',
      summary: 'Collations of app have changed; whether indexes suffered is what amcheck says.',
      details: [expect.stringContaining('REINDEX DATABASE app')],
    });
    expect(await prove(collationsOf('off'), proving)).toMatchObject({
      outcome: 'failed',
      summary: expect.stringContaining('Collations of the database app have changed'),
    });
    await sql(`UPDATE pg_database SET datcollversion = NULL WHERE datname = 'app'`);
  });

  describe('an assertion', () => {
    const asked = async (sqlText: string, wanted: Assertion['expect'], more: Partial<Assertion> = {}) => {
      const options = { superuser: 'boss', databases: ['app', 'postgres'] };
      const { outcome, summary } = await prove(
        assertionOf(assertion(sqlText, wanted, more)),
        provingOf(server, options),
      );
      return `${outcome}: ${summary}`;
    };
    const value = (text: string) => ({ kind: 'value', value: text }) as const;
    const minRows = (rows: number) => ({ kind: 'min-rows', rows }) as const;
    const maxAge = { kind: 'max-age', ms: 15 * 60_000 } as const;

    test.each([
      ['SELECT count(*) FROM wares;', value('2000'), 'passed: The answer is "2000".'],
      ['SELECT current_database()', value('app'), 'passed: The answer is "app".'],
      [`SELECT 'it''s \\ :name $odo$ \n -- ä'`, value(`it's \\ :name $odo$ \n -- ä`), /^passed/],
      ['SELECT true', value('t'), /^passed/],
      ['SELECT true', value('true'), /^passed/],
      ['SELECT false', value('true'), 'failed: The answer is "false", and "true" was expected.'],
      ['SHOW work_mem', value('4MB'), /^passed/],
      ['SELECT 1.50::numeric, 2', value('1.50'), /^passed/],
      [`SELECT '{1,2}'::int[]`, value('{1,2}'), /^passed/],
      [`SELECT '2026-11-28 00:00:00'::timestamp`, value('2026-11-28 00:00:00'), /^passed/],
      ['SELECT null', value(''), 'failed: The answer is null, and "" was expected.'],
      [
        'SELECT id FROM wares WHERE id < 0',
        value('1'),
        'failed: The query returns no row, and "1" was expected.',
      ],
      [
        'SELECT id FROM wares ORDER BY id',
        value('1'),
        'failed: The query returns more than one row, and only "1" was expected.',
      ],
      ['TABLE wares', minRows(2000), 'passed: There are at least 2000 rows.'],
      ['TABLE wares', minRows(2001), 'failed: There are 2000 rows, and at least 2001 were expected.'],
      ['TABLE wares', minRows(0), /^passed/],
      ['SELECT WHERE false', minRows(1), 'failed: There are 0 rows, and at least 1 were expected.'],
      ['SELECT generate_series(1, 1000000000000)', minRows(5), /^passed/],
    ] as const)('%s', async (text, wanted, told) => {
      expect(await asked(text, wanted)).toMatch(told);
    });

    test('about a time reads it with its zone, without one in the server’s', async () => {
      expect(await asked(`SELECT '2026-11-28 05:45:00+05:30'::timestamptz`, maxAge)).toBe(
        'passed: The newest is of 2026-11-28 00:15:00Z, 11 s before the drill began.',
      );
      expect(await asked(`SELECT '2026-11-27 21:04:11Z'::timestamptz`, maxAge)).toBe(
        'failed: The newest is of 2026-11-27 21:04:11Z, 3 h 11 m before the drill began; at most 15 m 00 s were allowed.',
      );
      await sql(`ALTER DATABASE app SET timezone = 'Asia/Kolkata'`);
      expect(await asked(`SELECT '2026-11-28 05:45:00'::timestamp`, maxAge)).toMatch(/^passed: .*00:15:00Z/);
      await sql('ALTER DATABASE app RESET timezone');
      expect(await asked(`SELECT '2026-11-28'::date`, maxAge)).toMatch(/, 15 m 11 s before the drill began/);
      expect(await asked(`SELECT '2026-11-28 00:16:00Z'::timestamptz`, maxAge)).toMatch(
        /^passed: .*, 49 s after the drill began/,
      );
      expect(await asked('SELECT max(now()) FROM wares WHERE id < 0', maxAge)).toBe(
        'failed: The newest time is null; at most 15 m 00 s were allowed.',
      );
      expect(await asked('SELECT id FROM wares WHERE id < 0', maxAge)).toMatch(/^failed: .*no row/);
      expect(await asked('SELECT 42', maxAge)).toBe(
        'failed: The server refused it: date/time field value out of range: "42"',
      );
    });

    test.each([
      ['DELETE FROM wares RETURNING id', /cannot execute DELETE in a read-only transaction/],
      ['DELETE FROM wares', /cannot open DELETE query as cursor/],
      ['WITH gone AS (DELETE FROM wares RETURNING id) SELECT count(*) FROM gone', /read-only transaction/],
      ['SELECT 1; DROP TABLE wares', /cannot open multi-query plan as cursor/],
      ['COMMIT', /refused it/],
      [
        `SELECT set_config('transaction_read_only', 'off', false)`,
        /transaction read-write mode must be set before any query/,
      ],
      [`'; DROP TABLE wares; --`, /unterminated quoted string/],
      ['\\! touch /tmp/odo-assertion', /syntax error at or near "\\"/],
      ['SELECT nothing FROM wares', /column "nothing" does not exist/],
      [`SELECT pg_terminate_backend(pg_backend_pid())`, /refused it/],
    ])('that would change something, or is wrong, is refused by the server: %s', async (text, told) => {
      expect(await asked(text, value('2000'))).toMatch(/^failed: The server refused it: /);
      expect(await asked(text, value('2000'))).toMatch(told);
      expect(await sql('SELECT count(*) FROM wares')).toBe('2000');
    });

    test('that takes too long, or asks in a database that is not there, says so', async () => {
      expect(await asked('SELECT pg_sleep(30)', value('x'), { timeoutMs: 200 })).toBe(
        'failed: There was no answer within 0.2 s.',
      );
      expect(await asked('SELECT 1', value('1'), { database: 'shop' })).toBe(
        'failed: The server refused it: database "shop" does not exist',
      );
      expect(await asked('SELECT count(*) FROM wares', value('2000'), { database: 'Old="Shop' })).toMatch(
        /^passed/,
      );
    });
  });
});
