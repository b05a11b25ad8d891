import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalLauncher } from '../../../src/service/launcher-local.ts';
import { freeLoopbackPort } from '../../../src/service/loopback-port.ts';
import { livePostmaster, readPostmasterFile, signalProcess } from '../../../src/service/postmaster.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { isListening } from '../../support/free-port.ts';
import { describeWithLab } from '../../support/with-lab.ts';
import { type LocalCluster, localCluster, testRun } from './local-cluster.ts';

const never = new AbortController().signal;
const asBoss = { user: 'boss', database: 'postgres' };

/** No history, and a segment that never comes. */
const waitingRestoreCommand = 'case %f in *.history) exit 1;; esac; exec sleep 60';

describeWithLab('a recovery server of this host', () => {
  let cluster: LocalCluster;
  const launcher = () => new LocalLauncher({ ...cluster, runId: testRun });
  const launched = async (args: readonly string[] = [], signal = never) => {
    const lines: string[] = [];
    const server = await launcher().launch(args, (line) => lines.push(line), signal);
    return {
      server,
      lines,
      isReady: () => lines.some((line) => line.includes('ready to accept connections')),
    };
  };

  beforeEach(async () => {
    cluster = await localCluster();
  });
  afterEach(() => cluster[Symbol.asyncDispose]());

  test('runs as the owner, answers on its own socket, and hands on its log up to the last line', async () => {
    const { server, lines, isReady } = await launched();
    await waitUntil('it is ready', isReady);
    expect(await server.query('SELECT current_setting($$cluster_name$$), 1', asBoss)).toBe(
      `odo-${testRun}|1`,
    );
    expect(await server.query('SHOW listen_addresses', asBoss)).toBe('');
    const live = await livePostmaster(cluster.paths.dataDirectory);
    const status = await readFile(`/proc/${live?.pid}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\s+${cluster.owner.uid}\\s`, 'm'));
    expect(status).toMatch(/^Groups:\s*$/m);

    await server.stop('fast');
    expect(await server.exited).toEqual({ exitCode: 0 });
    expect(lines.at(-1)).toMatch(/database system is shut down/);
    await server.stop('fast');
  });

  test('with a port it listens on the loopback address, and its psql finds its socket', async () => {
    const port = await freeLoopbackPort('auto');
    const lines: string[] = [];
    const server = await launcher().launch([], (line) => lines.push(line), never, { port });
    await waitUntil('it is ready', () => lines.some((line) => line.includes('ready to accept connections')));
    expect(await isListening(port)).toBe(true);
    expect(await server.query('SHOW listen_addresses', asBoss)).toBe('127.0.0.1');
    expect(launcher().psqlCommand({ ...asBoss, port })).toContain(`-p ${port} `);
    await launcher().removeLeftovers();
    expect(await isListening(port)).toBeNull();
  });

  test('uses the configuration file it is given, and nothing of the environment', async () => {
    await writeFile(
      join(cluster.paths.workDirectory, 'odo.conf'),
      "work_mem = '7MB'\nlogging_collector = on\n",
      {
        mode: 0o644,
      },
    );
    process.env['PGPORT'] = '1';
    try {
      const { server, isReady } = await launched([
        '-c',
        `config_file=${cluster.paths.workDirectory}/odo.conf`,
      ]);
      await waitUntil('it is ready', isReady);
      expect(await server.query('SHOW work_mem', asBoss)).toBe('7MB');
      await server.stop('fast');
    } finally {
      delete process.env['PGPORT'];
    }
  });

  test('tells which WAL segment its replay waits for, and nothing when there is no replay', async () => {
    await writeFile(join(cluster.paths.dataDirectory, 'recovery.signal'), '', { mode: 0o644 });
    const { server } = await launched(['-c', `restore_command=${waitingRestoreCommand}`]);
    await waitUntil('it waits', async () => (await server.replayedSegment()) === '000000010000000000000001');
    await server.stop('immediate');
    expect(await server.replayedSegment()).toBeNull();
  });

  test('says what psql said when a query fails', async () => {
    const { server, isReady } = await launched();
    await waitUntil('it is ready', isReady);
    await expect(server.query('SELECT 1/0', asBoss)).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringContaining('division by zero'),
    });
    await expect(server.query('SELECT 1', { ...asBoss, user: 'nobody' })).rejects.toThrow(
      /role "nobody" does not exist/,
    );
    await server.stop('immediate');
  });

  test('runs a program of its installation beside it, and says of one that is not there that it is not', async () => {
    const { server, isReady } = await launched();
    await waitUntil('it is ready', isReady);
    await server.query('CREATE DATABASE "dbname=Old Shop"', asBoss);
    const options = { user: 'boss', database: 'dbname=Old Shop', signal: never };
    const stdin = 'SELECT current_database(), $$ä$$;';
    expect(await server.runClient('psql', ['-XAt'], { ...options, stdin })).toEqual({
      exitCode: 0,
      stdout: 'dbname=Old Shop|ä',
      stderr: '',
    });
    expect((await server.runClient('pg_nothing', [], options)).exitCode).toBe(127);
    const hurry = AbortSignal.timeout(300);
    const sleep = { ...options, stdin: 'SELECT pg_sleep(60)', signal: hurry };
    await expect(server.runClient('psql', ['-XAt'], sleep)).rejects.toThrow(/timeout/);
    await server.stop('fast');
  });

  test('a server that cannot start ends with its reason in the log', async () => {
    const { server, lines } = await launched(['-c', 'shared_preload_libraries=timescaledb']);
    expect((await server.exited).exitCode).not.toBe(0);
    expect(lines.join('\n')).toMatch(/FATAL: {2}could not access file "timescaledb"/);
  });

  test('an interruption shuts it down cleanly', async () => {
    const controller = new AbortController();
    const { server, lines, isReady } = await launched([], controller.signal);
    await waitUntil('it is ready', isReady);
    controller.abort();
    expect(await server.exited).toEqual({ exitCode: 0 });
    expect(lines.some((line) => line.includes('received fast shutdown request'))).toBe(true);
  });

  test('outlives odo when odo is killed; the next attempt ends it and starts another', async () => {
    const options = JSON.stringify({ ...cluster, runId: testRun });
    const odo = spawn(process.execPath, [join(import.meta.dirname, 'launch-and-wait.ts'), options]);
    let output = '';
    odo.stdout.on('data', (data) => {
      output += data;
    });
    await waitUntil('it is ready', () => output.includes('ready to accept connections'));
    odo.kill('SIGKILL');
    await once(odo, 'exit');
    const { dataDirectory } = cluster.paths;
    expect(await livePostmaster(dataDirectory)).not.toBeNull();

    await launcher().removeLeftovers();
    expect(await livePostmaster(dataDirectory)).toBeNull();
    const { server, isReady } = await launched();
    await waitUntil('it is ready', isReady);
    await server.stop('fast');
  });

  test('ends what is left of a server whose first process was killed', async () => {
    const { server, isReady } = await launched(['-c', 'restart_after_crash=off']);
    await waitUntil('it is ready', isReady);
    // Waiting processes end by themselves when the first one is gone; one that computes does not look.
    const backend = server.query('DO $$ BEGIN LOOP END LOOP; END $$', asBoss).catch(() => {});
    await waitUntil(
      'the query runs',
      async () =>
        (await server.query("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'", asBoss)) === '1',
    );
    const live = await livePostmaster(cluster.paths.dataDirectory);
    signalProcess(live?.pid ?? 0, 'SIGKILL');
    await server.exited;
    await launcher().removeLeftovers();
    await backend;
    expect(await readPostmasterFile(cluster.paths.dataDirectory)).toBeNull();
  });

  test('a postmaster.pid that names a process of something else is taken away', async () => {
    const path = join(cluster.paths.dataDirectory, 'postmaster.pid');
    await writeFile(path, `${process.pid}\n${cluster.paths.dataDirectory}\n1\n5432\n/tmp\n\n\n`);
    await launcher().removeLeftovers();
    expect(await readPostmasterFile(cluster.paths.dataDirectory)).toBeNull();
  });

  test('never ends a server on the same directory that is not of this run, and does not start beside it', async () => {
    const other = new LocalLauncher({ ...cluster, runId: `${testRun}2` });
    const lines: string[] = [];
    const service = await other.launch([], (line) => lines.push(line), never);
    await waitUntil('it is ready', () => lines.some((line) => line.includes('ready to accept')));
    try {
      await launcher().removeLeftovers();
      expect(await livePostmaster(cluster.paths.dataDirectory)).not.toBeNull();
      expect(await readPostmasterFile(cluster.paths.dataDirectory)).not.toBeNull();
      await expect(launched()).rejects.toMatchObject({ code: 'TARGET_IN_USE' });
    } finally {
      await service.stop('immediate');
    }
  });

  test('runs the server’s tools as the owner, or as root', async () => {
    const { dataDirectory } = cluster.paths;
    const control = await launcher().runTool('pg_controldata', ['-D', dataDirectory], {
      asRoot: false,
      signal: never,
    });
    expect(control).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Database system identifier'),
    });
    const sync = await launcher().runTool('initdb', ['-S', '-D', dataDirectory], {
      asRoot: true,
      signal: never,
    });
    expect(sync.exitCode).toBe(0);
    const single = ['--single', '-D', dataDirectory, 'postgres'];
    const stdin = 'select rolname from pg_authid where oid=10';
    const answer = await launcher().runTool('postgres', single, { asRoot: false, stdin, signal: never });
    expect(answer.stdout).toContain('rolname = "boss"');
  });
});
