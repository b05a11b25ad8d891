import { chmod, chown, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startLog } from '../../../src/service/local-log.ts';
import { openService } from '../../../src/service/open-service.ts';
import { livePostmaster } from '../../../src/service/postmaster.ts';
import { runAs } from '../../../src/service/run-as.ts';
import type { Service } from '../../../src/service/service.ts';
import { run } from '../../lab/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { describeWithLab } from '../../support/with-lab.ts';
import { type LocalCluster, localCluster } from './local-cluster.ts';

const never = new AbortController().signal;

describeWithLab('a server of this host', () => {
  let cluster: LocalCluster | null = null;
  const prepare = async (options?: { hba?: string }): Promise<{ service: Service; directory: string }> => {
    cluster = await localCluster(options);
    const directory = cluster.paths.dataDirectory;
    const docker = () => Promise.reject(new Error('the engine was asked'));
    const service = openService({ kind: 'local', binDir: null, dataDirectory: directory }, { docker });
    return { service, directory };
  };
  const question = (directory: string, superuser: string | null = 'boss') => ({
    superuser,
    dataDirectory: directory,
    deadlineMs: 20_000,
  });
  const identifier = async (): Promise<string | undefined> => {
    const { binDir, owner, paths } = cluster as LocalCluster;
    const { stdout } = await runAs(join(binDir, 'pg_controldata'), ['-D', paths.dataDirectory], { owner });
    return /system identifier:\s+(\d+)/.exec(stdout)?.[1];
  };
  afterEach(async () => {
    await cluster?.[Symbol.asyncDispose]();
    cluster = null;
  });

  test('is looked at, started, asked, and stopped; each of it again does nothing', async () => {
    const { service, directory } = await prepare();
    expect(await service.inspect(never)).toMatchObject({
      kind: 'local',
      running: false,
      serverMajor: 15,
      owner: cluster?.owner,
    });
    await service.stop(never);

    await service.start(directory, never);
    const pid = (await livePostmaster(directory))?.pid;
    await service.start(directory, never);
    expect((await livePostmaster(directory))?.pid).toBe(pid);
    expect(await service.isRunning(never)).toBe(true);

    const answer = await service.ask(question(directory), never);
    expect(answer).toEqual({
      systemIdentifier: await identifier(),
      timeline: 1,
      inRecovery: false,
      serverVersion: expect.stringMatching(/^15\.\d+$/),
      authenticated: true,
    });

    await service.stop(never);
    await service.stop(never);
    expect(await service.isRunning(never)).toBe(false);
    expect((await service.logTail(5)).join('\n')).toMatch(/database system is shut down/);
    expect((await stat(join(directory, startLog))).uid).toBe(cluster?.owner.uid);
  });

  test('one that lets nobody in is known by its control file', async () => {
    const { service, directory } = await prepare({ hba: 'local all all reject\n' });
    await service.start(directory, never);
    expect(await service.ask(question(directory), never)).toEqual({
      systemIdentifier: await identifier(),
      timeline: 1,
      inRecovery: false,
      serverVersion: expect.stringMatching(/^15\.\d+$/),
      authenticated: false,
    });
  });

  test('finds the superuser among those it knows, and asks another database when postgres is gone', async () => {
    const { service, directory } = await prepare();
    await service.start(directory, never);
    const { binDir, owner, paths } = cluster as LocalCluster;
    for (const sql of ['CREATE ROLE postgres SUPERUSER LOGIN', 'DROP DATABASE postgres']) {
      const args = ['-X', '-h', paths.workDirectory, '-U', 'boss', '-d', 'template1', '-c', sql];
      expect(await runAs(join(binDir, 'psql'), args, { owner })).toMatchObject({ exitCode: 0 });
    }
    expect(await service.ask(question(directory, null), never)).toMatchObject({ authenticated: true });
    expect(await service.ask(question(directory, 'no-such-role'), never)).toMatchObject({
      authenticated: true,
    });
  });

  test('one that does not start says why, with its own words', async () => {
    const { service, directory } = await prepare();
    await writeFile(join(directory, 'postgresql.auto.conf'), "shared_preload_libraries = 'citus'\n");
    await expect(service.start(directory, never)).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringMatching(/did not start: could not access file "citus"/),
      hint: expect.stringContaining('shared_preload_libraries'),
      details: {
        diagnosis: { symptom: 'library-missing' },
        serverLog: expect.arrayContaining([expect.stringContaining('citus')]),
      },
    });
    await expect(service.ask(question(directory), never)).rejects.toThrow(
      /no process runs on that directory/,
    );
  });

  test('a postmaster.pid left behind by a crash is not a running server', async () => {
    const { service, directory } = await prepare();
    await writeFile(
      join(directory, 'postmaster.pid'),
      `${process.pid}\n${directory}\n1\n5432\n/tmp\n\n\nready\n`,
    );
    expect(await service.isRunning(never)).toBe(false);
    await service.stop(never);
    expect((await readFile(join(directory, 'postmaster.pid'), 'utf8')).startsWith(`${process.pid}\n`)).toBe(
      true,
    );
  });

  test('an empty directory has no major and no owner to run as, and is not started', async () => {
    const { service, directory } = await prepare();
    await rm(directory, { recursive: true });
    expect(await service.inspect(never)).toMatchObject({ running: false, serverMajor: null });
    await expect(service.start(directory, never)).rejects.toMatchObject({ code: 'STEP_FAILED' });
  });

  test('a relative data directory, or none, is refused', async () => {
    const { service } = await prepare();
    await expect(service.start('data', never)).rejects.toMatchObject({ code: 'USAGE' });
    const docker = () => Promise.reject(new Error('the engine was asked'));
    const unknown = openService({ kind: 'local', binDir: null }, { docker });
    await expect(unknown.isRunning(never)).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('its volume cannot be changed', async () => {
    const { service } = await prepare();
    const from = { kind: 'volume', source: 'a', alias: 'a', destination: '/x' } as const;
    const change = { from, toVolume: 'b', toAlias: 'b' };
    await expect(service.useVolume(change, never)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(service.checkVolumeChange?.(change, never)).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('a data directory of root’s is refused by PostgreSQL and says so', async () => {
    const { service, directory } = await prepare();
    await chown(directory, 0, 0);
    await expect(service.start(directory, never)).rejects.toMatchObject({ code: 'STEP_FAILED' });
  });

  test('one that Debian’s postgresql-common knows is started with its configuration under /etc', async () => {
    const directory = await temporaryDirectory('odo-test-debian-');
    const name = 'odotest';
    await chmod(directory.path, 0o755);
    const data = join(directory.path, 'data');
    const made = ['-d', data, '-o', 'listen_addresses=', '15', name, '--', '-A', 'trust', '--no-sync'];
    await run('pg_createcluster', made);
    try {
      const docker = () => Promise.reject(new Error('the engine was asked'));
      const service = openService({ kind: 'local', binDir: null, dataDirectory: data }, { docker });
      await service.start(data, never);
      expect(await service.ask(question(data, null), never)).toMatchObject({ authenticated: true });
      expect(await readFile(join(data, 'postmaster.opts'), 'utf8')).toContain(`/etc/postgresql/15/${name}/`);
      await service.stop(never);
      expect(await service.isRunning(never)).toBe(false);
      expect((await service.logTail(3)).join('\n')).toMatch(/database system is shut down/);
    } finally {
      await run('pg_dropcluster', ['--stop', '15', name]);
      await directory[Symbol.asyncDispose]();
    }
  });
});
