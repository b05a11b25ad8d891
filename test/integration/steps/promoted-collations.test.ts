import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalLauncher } from '../../../src/service/launcher-local.ts';
import type { ServerProcess } from '../../../src/service/server-launcher.ts';
import { compareCollations } from '../../../src/steps/promoted-collations.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { findSuperuser } from '../../../src/steps/superuser.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { describeWithLab } from '../../support/with-lab.ts';
import { type LocalCluster, localCluster, testRun } from '../service/local-cluster.ts';

describeWithLab('the collations of a promoted database', () => {
  let cluster: LocalCluster;
  let server: ServerProcess;
  const sql = (text: string, database = 'postgres') => server.query(text, { user: 'boss', database });

  beforeEach(async () => {
    cluster = await localCluster();
    let isReady = false;
    server = await new LocalLauncher({ ...cluster, runId: testRun }).launch(
      [],
      (line) => (isReady ||= line.includes('ready to accept connections')),
      new AbortController().signal,
    );
    await waitUntil('it is ready', () => isReady);
    await sql(`CREATE DATABASE atlas TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de'`);
    await sql('CREATE DATABASE "Old Shop" TEMPLATE template0 ENCODING $$UTF8$$');
    await sql(
      `CREATE COLLATION german (provider = icu, locale = 'de'); CREATE COLLATION unused (provider = icu, locale = 'fr');
       CREATE TABLE wares (name text COLLATE german)`.replaceAll('\n', ' '),
      'Old Shop',
    );
  });
  afterEach(async () => {
    await server.stop('immediate');
    await cluster[Symbol.asyncDispose]();
  });

  const compare = async (serverMajor = 15) => {
    const notices: string[] = [];
    const context = {
      signal: new AbortController().signal,
      plan: () => ({ serverMajor }),
      notice: (level: string, message: string) => notices.push(`${level}: ${message}`),
    } as unknown as StepContext;
    return { changed: await compareCollations(context, server, 'boss'), notices };
  };

  test('that sort as before are nobody’s worry', async () => {
    expect(await compare()).toEqual({ changed: [], notices: [] });
    expect(await compare(14)).toEqual({ changed: [], notices: [] });
  });

  test('that sort otherwise are told with what to do, in each database', async () => {
    await sql(`UPDATE pg_database SET datcollversion = '1.0' WHERE datname = 'atlas'`);
    await sql(
      `UPDATE pg_collation SET collversion = '1.1' WHERE collname IN ('german', 'unused')`,
      'Old Shop',
    );
    const { changed, notices } = await compare();
    expect(changed).toEqual(['Old Shop', 'atlas']);
    expect(notices[0]).toMatch(/^warning: .*database Old Shop have changed \(german from 1\.1 to \d/);
    expect(notices[0]).toContain('REINDEX DATABASE "Old Shop"');
    expect(notices[0]).toContain('ALTER COLLATION german REFRESH VERSION');
    expect(notices[0]).not.toContain('unused');
    expect(notices[1]).toMatch(/its own from version 1\.0 to \d/);
    expect(notices[1]).toContain('ALTER DATABASE atlas REFRESH COLLATION VERSION');
    // What it says to do is right.
    await sql('REINDEX DATABASE "Old Shop"', 'Old Shop');
    await sql('ALTER COLLATION german REFRESH VERSION', 'Old Shop');
    await sql('ALTER DATABASE atlas REFRESH COLLATION VERSION');
    expect((await compare()).changed).toEqual([]);
  });

  test('of an older server are compared as far as it records them', async () => {
    await sql(`UPDATE pg_collation SET collversion = '1.1' WHERE collname = 'german'`, 'Old Shop');
    expect((await compare(14)).changed).toEqual(['Old Shop']);
  });

  test('whose locale the server does not have are an error that names the databases and the way out', async () => {
    await sql(
      `UPDATE pg_database SET datcollate = 'xx_YY.UTF-8', datctype = 'xx_YY.UTF-8' WHERE datname = 'Old Shop'`,
    );
    await expect(compare()).rejects.toMatchObject({
      code: 'VERIFICATION_FAILED',
      message:
        'The server does not have the locale xx_YY.UTF-8, so it takes no connection to the database Old Shop.',
      hint: expect.stringMatching(/localedef/),
    });
  });

  test('whose locale even the database postgres has are not taken for a superuser of another name', async () => {
    await sql(`UPDATE pg_database SET datcollate = 'xx_YY.UTF-8', datctype = 'xx_YY.UTF-8'`);
    await expect(findSuperuser(server, { superuser: 'boss' } as never)).rejects.toMatchObject({
      message: expect.stringMatching(/does not have the locale xx_YY\.UTF-8/),
    });
  });
});
