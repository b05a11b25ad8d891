import { expect, test } from 'vitest';
import type { ToolResult } from '../../../../src/service/ask-server.ts';
import { amcheckOf } from '../../../../src/steps/proof/amcheck.ts';
import { assertionOf } from '../../../../src/steps/proof/assertion.ts';
import { assertionVerdict } from '../../../../src/steps/proof/assertion-verdict.ts';
import { collationsOf } from '../../../../src/steps/proof/collations.ts';
import { drillBegan } from '../../../../src/steps/proof/drill-began.ts';
import { dumpOf } from '../../../../src/steps/proof/dump.ts';
import { identity } from '../../../../src/steps/proof/identity.ts';
import { failed, passed, saidLast } from '../../../../src/steps/proof/outcome.ts';
import { proofsOf } from '../../../../src/steps/proof/proofs.ts';
import { assertion, prove, provingOf } from '../../../support/proving.ts';

/** A server whose programs end so; what they were given is kept. */
function serverOf(result: Partial<ToolResult>, query: (sql: string) => string = () => '') {
  const asked: { program: string; args: readonly string[]; database: string; stdin: string }[] = [];
  return {
    asked,
    query: async (sql: string) => query(sql),
    runClient: async (
      program: string,
      args: readonly string[],
      { database, stdin = '' }: { database: string; stdin?: string },
    ) => {
      asked.push({ program, args, database, stdin });
      return { exitCode: 0, stdout: '', stderr: '', ...result };
    },
  };
}

const extension =
  (available: string | null, installed: string | null = null) =>
  () =>
    JSON.stringify({ available, installed, tables: 3, indexes: 2, otherIndexes: 1 });

test('everything is proved of every database, and what was not asked for is said', async () => {
  const proving = provingOf(serverOf({}), {
    drill: { amcheck: 'off', assertions: [assertion('SELECT 1', { kind: 'min-rows', rows: 1 })] },
  });
  const proofs = proofsOf(proving);
  expect(proofs.map(({ id }) => id)).toEqual([
    'identity',
    'amcheck:app',
    'amcheck:postgres',
    'collations',
    'dump:app',
    'dump:postgres',
    'assertion:orders',
  ]);
  const skipped = proofs.filter(({ id }) => /^(?:amcheck|dump):/.test(id));
  for (const proof of skipped) {
    expect(await prove(proof, proving)).toMatchObject({
      outcome: 'skipped',
      summary: expect.stringMatching(/not asked for/),
    });
  }
});

test('amcheck is skipped where the installation does not have it, and an older one brought up to date', async () => {
  const without = serverOf({}, extension(null));
  expect(await prove(amcheckOf('app', 'tables'), provingOf(without))).toMatchObject({
    outcome: 'skipped',
    summary: expect.stringContaining('does not have the extension amcheck'),
  });
  expect(without.asked).toEqual([]);

  const questions: string[] = [];
  const old = serverOf({}, (sql) => {
    questions.push(sql);
    return extension('1.3', '1.2')();
  });
  expect(await prove(amcheckOf('app', 'tables'), provingOf(old))).toEqual({
    outcome: 'passed',
    summary: '3 tables and 2 indexes are sound.',
    details: ['1 indexes of other kinds than btree are not looked into'],
  });
  expect(questions).toContain('ALTER EXTENSION amcheck UPDATE');
  expect(old.asked[0]).toMatchObject({
    program: 'pg_amcheck',
    args: expect.not.arrayContaining(['--heapallindexed']),
  });
});

test('what keeps a program from looking is no finding, and what it says of the data is one', async () => {
  const ends = (result: Partial<ToolResult>) => provingOf(serverOf(result, extension('1.3')));
  const killed = ends({ exitCode: 137 });
  const full = ends({
    exitCode: 1,
    stderr: 'pg_dump: error: … ERROR:  could not write: No space left on device',
  });
  for (const proving of [killed, full]) {
    await expect(prove(dumpOf('app', true), proving)).rejects.toMatchObject({ code: 'STEP_FAILED' });
    await expect(prove(amcheckOf('app', 'tables'), proving)).rejects.toMatchObject({ code: 'STEP_FAILED' });
  }
  const stderr =
    'pg_amcheck: error: query failed: ERROR:  could not open file "base/1/2": No such file or directory\n';
  expect(await prove(amcheckOf('app', 'tables'), ends({ exitCode: 1, stderr }))).toEqual({
    outcome: 'failed',
    summary: 'could not open file "base/1/2": No such file or directory',
    details: [],
  });
  expect(await prove(dumpOf('app', true), ends({ exitCode: 127 }))).toMatchObject({ outcome: 'skipped' });
});

test('a catalog that cannot be read is a finding of each who asks it, unless the server is gone or the run is to end', async () => {
  const query = (isUp: boolean) => (sql: string) => {
    if (isUp && sql === 'SELECT 1') return '1';
    throw new Error('psql: ERROR:  invalid page in block 0 of relation base/5/2396');
  };
  const asking = [identity, collationsOf('tables'), amcheckOf('app', 'tables')];
  for (const proof of asking) {
    expect(await prove(proof, provingOf(serverOf({}, query(true))))).toEqual({
      outcome: 'failed',
      summary: 'invalid page in block 0 of relation base/5/2396',
      details: [],
    });
    await expect(prove(proof, provingOf(serverOf({}, query(false))))).rejects.toThrow(/invalid page/);
    const ending = provingOf(serverOf({}, query(true)));
    const interrupted = { ...ending, context: { ...ending.context, signal: AbortSignal.abort() } };
    await expect(prove(proof, interrupted)).rejects.toThrow(/aborted/);
  }
});

test('an assertion is asked in the only database of an operator’s, as a string and nothing else', async () => {
  const answer = JSON.stringify({ rows: 1, value: '1', micros: null });
  const one = serverOf({ stdout: answer });
  const proof = assertionOf(assertion(`SELECT 'x'; \\q`, { kind: 'value', value: '1' }));
  expect(await prove(proof, provingOf(one))).toMatchObject({ outcome: 'passed' });
  expect(one.asked[0]).toMatchObject({ program: 'psql', database: 'app' });
  expect(one.asked[0]?.stdin).toContain(`SET LOCAL odo.sql = 'SELECT ''x''; \\q';`);
  const two = serverOf({ stdout: answer });
  await prove(proof, provingOf(two, { databases: ['app', 'postgres', 'shop'] }));
  expect(two.asked[0]?.database).toBe('postgres');
});

test('an age is measured against the begin of the drill, which is in its id', () => {
  const { context } = provingOf(serverOf({}));
  expect(new Date(drillBegan(context)).toISOString()).toBe('2026-11-28T00:15:11.000Z');
  const plan = () => ({ createdAt: '2026-11-28T00:00:00Z' }) as ReturnType<typeof context.plan>;
  expect(drillBegan({ runId: 'nightly', plan })).toBe(Date.parse('2026-11-28T00:00:00Z'));
  const answer = { rows: 1, value: '…', micros: '1764288000000000' };
  const verdict = (ms: number) =>
    assertionVerdict({ kind: 'max-age', ms }, answer, 1_764_288_060_000).outcome;
  expect([verdict(60_000), verdict(59_999)]).toEqual(['passed', 'failed']);
});

test('the first finding stands for all, and no more than a hundred are kept', () => {
  expect(failed(['a'])).toEqual({ outcome: 'failed', summary: 'a', details: [] });
  const many = Array.from({ length: 250 }, (_, index) => `finding ${index}`);
  const { summary, details } = failed(many as [string]);
  expect(summary).toBe('finding 0; and 249 more');
  expect(details).toHaveLength(100);
  expect(details.at(-1)).toBe('… and 151 more');
  expect(passed('fine', many).details).toHaveLength(100);
});

test('the server’s words are told without the name of the program', () => {
  expect(saidLast('psql:<stdin>:7: ERROR:  relation "x" does not exist at character 15\n')).toBe(
    'relation "x" does not exist at character 15',
  );
  expect(saidLast('pg_dump: error: aborting because of server version mismatch\n')).toBe(
    'pg_dump: error: aborting because of server version mismatch',
  );
  expect(saidLast('\n')).toBeNull();
});
