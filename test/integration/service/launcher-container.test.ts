import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectDocker, type Docker } from '../../../src/docker/client.ts';
import { ContainerLauncher } from '../../../src/service/launcher-container.ts';
import { freeLoopbackPort } from '../../../src/service/loopback-port.ts';
import { imageLayout, imageName, type Major } from '../../lab/images.ts';
import { run } from '../../lab/run-command.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { removeEverythingOf } from '../../support/engine.ts';
import { isListening } from '../../support/free-port.ts';
import { describeWithLab } from '../../support/with-lab.ts';

const never = new AbortController().signal;
const asPostgres = { user: 'postgres', database: 'postgres' };

describeWithLab('a recovery server in a container', () => {
  let docker: Docker;
  let runId: string;
  const volumes = () => ({ data: `odo-test-${runId}-data`, work: `odo-test-${runId}-work` });

  /** A cluster of that major on a volume, as a restore leaves it: 999's, 0700. */
  const prepare = async (major: Major): Promise<ContainerLauncher> => {
    const { data, work } = volumes();
    const { pgdata, volume: mountPoint } = imageLayout(major);
    for (const volume of [data, work]) await docker.volumes.create(volume, { 'odo.run-id': runId });
    const mounts = ['-v', `${data}:${mountPoint}`, '-v', `${work}:/odo`];
    const script = `chown 999:999 /odo && mkdir -p ${pgdata} && chown -R 999:999 ${mountPoint} &&
      setpriv --reuid=999 --regid=999 --clear-groups initdb -D ${pgdata} -A trust --no-sync --no-locale`;
    const isolated = ['--rm', '--network', 'none', '--entrypoint', 'sh'];
    await run('docker', ['run', ...isolated, ...mounts, imageName(major), '-c', script]);
    return new ContainerLauncher({
      docker,
      spec: { kind: 'container', image: imageName(major), pgdata, mountPoint, owner: { uid: 999, gid: 999 } },
      mounts: {
        data: { type: 'volume', source: data, destination: mountPoint },
        work: { type: 'volume', source: work },
      },
      runId,
    });
  };
  const launch = async (launcher: ContainerLauncher, args: readonly string[] = [], signal = never) => {
    const lines: string[] = [];
    const server = await launcher.launch(args, (line) => lines.push(line), signal);
    const untilReady = () =>
      waitUntil('it is ready', () => lines.some((line) => line.includes('ready to accept connections')));
    return { server, lines, untilReady };
  };
  const container = () => docker.containers.inspect(`odo-${runId}-server`);

  beforeEach(async () => {
    docker = await connectDocker();
    runId = `test-${randomUUID().slice(0, 8)}`;
  });
  afterEach(() => removeEverythingOf(docker, runId));

  test.each([15, 17, 18] as const)(
    'of PostgreSQL %i answers, has no network and no capability, and hands on its log up to the last line',
    async (major) => {
      const launcher = await prepare(major);
      const { server, lines, untilReady } = await launch(launcher);
      await untilReady();
      expect(await server.query('SHOW data_directory', asPostgres)).toBe(imageLayout(major).pgdata);
      expect(await server.query('SELECT 1, 2; SELECT 3', asPostgres)).toBe('1|2\n3');
      const beside = { ...asPostgres, stdin: 'SELECT current_user', signal: never };
      expect(await server.runClient('psql', ['-XAt'], beside)).toMatchObject({
        exitCode: 0,
        stdout: 'postgres\n',
      });
      expect((await server.runClient('pg_nothing', [], beside)).exitCode).toBe(127);
      const found = await container();
      expect(found?.HostConfig.NetworkMode).toBe('none');
      expect(found?.HostConfig.CapDrop).toEqual(['ALL']);
      expect(found?.HostConfig.Binds).toBeNull();
      expect(found?.Mounts.map((mount) => mount.Name).sort()).toEqual(Object.values(volumes()).sort());
      expect(found?.HostConfig.RestartPolicy?.Name).toBe('no');

      await server.stop('fast');
      expect(await server.exited).toEqual({ exitCode: 0 });
      expect(lines.at(-1)).toMatch(/database system is shut down/);
      await server.stop('immediate');
      await launcher.removeLeftovers();
      expect(await container()).toBeNull();
    },
  );

  test.each([15, 17, 18] as const)(
    'of PostgreSQL %i tells which WAL segment its replay waits for, and nothing when it has ended',
    async (major) => {
      const launcher = await prepare(major);
      const signalFile = ['-c', `: >${imageLayout(major).pgdata}/recovery.signal`];
      await launcher.runTool('sh', signalFile, { asRoot: false, signal: never });
      const command = 'case %f in *.history) exit 1;; esac; exec sleep 60';
      const { server } = await launch(launcher, ['-c', `restore_command=${command}`]);
      await waitUntil(
        'it waits',
        async () => (await server.replayedSegment()) === '000000010000000000000001',
      );
      await server.stop('immediate');
      expect(await server.replayedSegment()).toBeNull();
    },
  );

  test('reads its configuration from the work volume, and nothing of the image’s entry point ran', async () => {
    const launcher = await prepare(15);
    const write = `printf "work_mem = '7MB'\\nlisten_addresses = '*'\\n" > /odo/odo.conf`;
    await launcher.runTool('sh', ['-c', write], { asRoot: false, signal: never });
    const { server, lines, untilReady } = await launch(launcher, ['-c', 'config_file=/odo/odo.conf']);
    await untilReady();
    expect(await server.query('SHOW work_mem', asPostgres)).toBe('7MB');
    expect(await server.query('SHOW listen_addresses', asPostgres)).toBe('');
    expect(lines.join('\n')).not.toContain('Skipping initialization');
    await expect(server.query('SELECT 1/0', asPostgres)).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringContaining('division by zero'),
    });
    await server.stop('fast');
    await expect(server.query('SELECT 1', asPostgres)).rejects.toMatchObject({ code: 'STEP_FAILED' });
    const dump = server.runClient('pg_dump', [], { ...asPostgres, signal: never });
    await expect(dump).rejects.toMatchObject({ code: 'STEP_FAILED' });
  });

  test('with a port it is reached on the loopback address of this host, and nowhere else of it', async () => {
    const launcher = await prepare(17);
    const port = await freeLoopbackPort('auto');
    const lines: string[] = [];
    const server = await launcher.launch([], (line) => lines.push(line), never, { port });
    await waitUntil('it listens', () => isListening(port));
    expect((await container())?.HostConfig.PortBindings).toEqual({
      '5432/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }],
    });
    await waitUntil('it is ready', () => lines.some((line) => line.includes('ready to accept connections')));
    expect(await server.query('SELECT 1', asPostgres)).toBe('1');
    expect(launcher.psqlCommand({ ...asPostgres, port })).toContain('-p 5432 ');
    await expect(freeLoopbackPort(port)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await launcher.removeLeftovers();
    expect(await freeLoopbackPort(port)).toBe(port);
  });

  test('one that cannot start ends with its reason in the log', async () => {
    const { server, lines } = await launch(await prepare(15), ['-c', 'shared_preload_libraries=citus']);
    expect((await server.exited).exitCode).not.toBe(0);
    expect(lines.join('\n')).toMatch(/FATAL: {2}could not access file "citus"/);
  });

  test('an interruption shuts it down cleanly', async () => {
    const controller = new AbortController();
    const { server, untilReady } = await launch(await prepare(15), [], controller.signal);
    await untilReady();
    controller.abort();
    expect(await server.exited).toEqual({ exitCode: 0 });
  });

  test('one that an earlier attempt left running is ended, also when nobody asked before the next start', async () => {
    const launcher = await prepare(15);
    const first = await launch(launcher);
    await first.untilReady();
    const second = await launch(launcher);
    await second.untilReady();
    await first.server.exited;
    expect((await container())?.State.Running).toBe(true);
    await launcher.removeLeftovers();
    await launcher.removeLeftovers();
    await second.server.exited;
    expect(await container()).toBeNull();
  });

  test('a container of that name that is not of this run is left alone', async () => {
    const launcher = await prepare(15);
    const name = `odo-${runId}-server`;
    await run('docker', ['create', '--name', name, '--network', 'none', imageName(15)]);
    try {
      await expect(launcher.removeLeftovers()).rejects.toMatchObject({ code: 'SERVICE_CONFLICT' });
      await expect(launch(launcher)).rejects.toMatchObject({ code: 'SERVICE_CONFLICT' });
      expect(await container()).not.toBeNull();
    } finally {
      await run('docker', ['rm', '-v', name]);
    }
  });

  test('a volume that is gone is not made again, empty', async () => {
    const launcher = await prepare(15);
    await docker.volumes.remove(volumes().data);
    await expect(launch(launcher)).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' });
    expect(await docker.volumes.inspect(volumes().data)).toBeNull();
  });

  test('runs the server’s tools as the owner or as root, with input, and leaves no container', async () => {
    const launcher = await prepare(17);
    const { dataDirectory } = launcher.paths;
    const control = ['-D', dataDirectory];
    expect(await launcher.runTool('pg_controldata', control, { asRoot: true, signal: never })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Database system identifier'),
    });
    expect(
      await launcher.runTool('pg_controldata', ['-D', '/nowhere'], { asRoot: false, signal: never }),
    ).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('/nowhere'),
    });
    const stdin = 'select rolname from pg_authid where oid=10';
    const single = ['--single', '-D', dataDirectory, 'postgres'];
    const answer = await launcher.runTool('postgres', single, { asRoot: false, stdin, signal: never });
    expect(answer.stdout).toContain('rolname = "postgres"');
    expect(await docker.containers.list({ all: true, labels: { 'odo.run-id': runId } })).toEqual([]);
  });
});
