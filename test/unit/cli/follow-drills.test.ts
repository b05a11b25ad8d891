import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CliApi } from '../../../src/cli/context.ts';
import { runProgram } from '../../../src/cli/program.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import type { DatabaseDrill } from '../../../src/run/drill-many.ts';
import type { RunOutcome } from '../../../src/run/run-api.ts';
import { failedDrill, interruptedDrill, passedDrill } from '../../support/sample-report.ts';
import { fakeApi, fakeHost } from './fake-host.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'odo-drills-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const passed = { status: 'completed', verdict: 'passed', exitCode: 0 } as const;
const failed = { status: 'completed', verdict: 'failed', exitCode: 6 } as const;
const broken = { status: 'failed', verdict: null, exitCode: 5 } as const;
const stopped = { status: 'interrupted', verdict: null, exitCode: 130 } as const;

const reports: Readonly<Record<string, RunReport>> = {
  passed: passedDrill,
  failed: failedDrill,
  null: { ...interruptedDrill, next: 'odo resume r' },
};

/** Runs `odo drill ARGS` with drills that end as told, by the name of the database. */
async function drill(
  args: readonly string[],
  ends: Readonly<Record<string, Pick<RunOutcome, 'status' | 'verdict' | 'exitCode'> | undefined>>,
  more: Partial<CliApi> & { signal?: 'SIGTERM' } = {},
) {
  const { signal, ...api } = more;
  const drilled: DatabaseDrill[] = [];
  const host = fakeHost({ cwd });
  const given = fakeApi({
    parallelFor: () => 2,
    makeReport: (_, runId) => ({ ...(reports[runId] ?? passedDrill), runId }),
    drillDatabases: async (drills, { onEnd }) => {
      drilled.push(...drills);
      if (signal !== undefined) host.signal(signal);
      const outcomes = drills.map(({ database }) => {
        const end = ends[database];
        if (end === undefined) return { database, outcome: null, error: null };
        const run = { runId: String(end.verdict), error: null, resumable: false, next: null };
        return { database, outcome: { ...run, ...end }, error: null };
      });
      for (const outcome of outcomes) await onEnd(outcome);
      return outcomes;
    },
    ...api,
  });
  const exitCode = await runProgram(['drill', ...args], given, host);
  return { exitCode, drilled, stdout: host.stdout.text(), stderr: host.stderr.text() };
}

const file = (...lines: string[]): void => writeFileSync(join(cwd, 'odo.yaml'), `${lines.join('\n')}\n`);

describe('odo drill --all', () => {
  beforeEach(() => file('url: s3://b/p', 'databases:', '  orders:', '  stock:', '    server: other'));

  it.each([
    [{ orders: passed, stock: passed }, 0],
    [{ orders: broken, stock: failed }, 6],
    [{ orders: passed, stock: broken }, 5],
  ])('ends %o with the exit code %d', async (ends, exitCode) => {
    expect((await drill(['--all'], ends)).exitCode).toBe(exitCode);
  });

  it('ends with that of the signal when it stopped drills, and says how to go on', async () => {
    const { exitCode, stderr } = await drill(['--all'], { orders: stopped }, { signal: 'SIGTERM' });
    expect(exitCode).toBe(143);
    expect(stderr).toContain('go on with:  odo resume r\n');
    const keyed = await drill(['--all', '--run-key', 'k'], { orders: stopped }, { signal: 'SIGTERM' });
    expect(keyed.stderr).toContain('go on with the same command, which has the run key k');
  });

  it('gives each its own key and reports, and the summary the file that was named', async () => {
    const args = ['--all', '--run-key', 'nightly', '--report', 'all.html', '--metrics-file', 'odo.prom'];
    const { drilled, stdout } = await drill(args, { orders: passed, stock: failed });
    expect(drilled.map(({ request }) => [request.runKey, request.server, request.evidence])).toEqual([
      [
        'nightly/orders',
        null,
        expect.objectContaining({
          reports: [join(cwd, 'all-orders.html')],
          metricsFile: join(cwd, 'odo.prom'),
        }),
      ],
      ['nightly/stock', 'other', expect.objectContaining({ reports: [join(cwd, 'all-stock.html')] })],
    ]);
    expect(readFileSync(join(cwd, 'all.html'), 'utf8')).toContain('<a href="all-orders.html">');
    expect(stdout).toMatch(/^database +verdict/);
    expect(stdout).toContain('1 of 2 databases passed, 1 failed.');
  });

  it('drills the others when the settings of one do not fit together', async () => {
    file('databases:', '  orders:', '    url: s3://b/p', '  nowhere:');
    const { exitCode, drilled, stdout } = await drill(['--all', '--json'], { orders: passed });
    expect(drilled.map(({ database }) => database)).toEqual(['orders']);
    expect(exitCode).toBe(2);
    const lines = stdout.trimEnd().split('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      type: 'outcome',
      database: 'nowhere',
      runId: null,
      status: 'not-begun',
      error: { code: 'USAGE' },
    });
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'summary', exitCode: 2 });
  });

  it('begins none when the file is not valid, and tells all of it once', async () => {
    file('url: s3://b/p', 'databases:', '  orders:', '    jobs: many', '  stock:', '    jobs: few');
    const { exitCode, drilled, stderr } = await drill(['--all'], {});
    expect({ exitCode, drilled }).toEqual({ exitCode: 2, drilled: [] });
    expect(stderr).toContain('odo.yaml line 4 (databases.orders): jobs is "many"');
    expect(stderr).toContain('odo.yaml line 6 (databases.stock): jobs is "few"');
  });

  it('takes the servers below the URL when odo.yaml names no database', async () => {
    file('url: s3://b/p');
    const ends = { a: passed, b: passed };
    const { drilled } = await drill(['--all'], ends, { listAvailableServers: async () => ['a', 'b'] });
    expect(drilled.map(({ request }) => [request.server, request.drill?.database])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    const none = await drill(['--all'], {}, { listAvailableServers: async () => [] });
    expect(none).toMatchObject({ exitCode: 2, drilled: [] });
    expect((await drill(['--all', '--server', 'a'], {})).exitCode).toBe(2);
  });
});

it('odo drill --all ends with the signal that came while it looked for servers', async () => {
  file('url: s3://b/p');
  const host = fakeHost({ cwd });
  const api = fakeApi({
    listAvailableServers: async ({ signal }) => {
      host.signal('SIGINT');
      signal.throwIfAborted();
      return [];
    },
  });
  expect(await runProgram(['drill', '--all'], api, host)).toBe(130);
  expect(host.stderr.text()).toBe('');
});

it('odo drill without a database says which there are', async () => {
  file('databases:', '  orders:', '    url: s3://b/p', '  stock:');
  const { exitCode, stderr } = await drill([], {});
  expect(exitCode).toBe(2);
  expect(stderr).toContain('odo.yaml has orders, stock');
});
