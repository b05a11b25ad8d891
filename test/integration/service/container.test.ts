import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectDocker, type Docker } from '../../../src/docker/client.ts';
import { imageFacts } from '../../../src/service/image-facts.ts';
import { openService } from '../../../src/service/open-service.ts';
import type { Service } from '../../../src/service/service.ts';
import { imageLayout, imageName, majors } from '../../lab/images.ts';
import { run } from '../../lab/run-command.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { describeWithLab } from '../../support/with-lab.ts';

const never = new AbortController().signal;

describeWithLab('a container that someone made by hand', () => {
  let docker: Docker;
  const name = `odo-test-${randomUUID().slice(0, 8)}`;
  const make = async (...options: string[]): Promise<Service> => {
    await run('docker', [
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      name,
      '-e',
      'POSTGRES_PASSWORD=x',
      ...options,
      imageName(15),
    ]);
    // Over TCP: on its socket, the server of initdb answers too, and stopping that one takes for ever.
    await waitUntil(`${name} accepts connections`, () =>
      run('docker', ['exec', name, 'pg_isready', '-q', '-h', '127.0.0.1']),
    );
    return openService({ kind: 'container', container: name }, { docker: async () => docker });
  };
  const ask = (service: Service) =>
    service.ask({ superuser: null, dataDirectory: null, deadlineMs: 60_000 }, never);

  beforeEach(async () => {
    docker = await connectDocker();
  });
  afterEach(async () => {
    await docker.containers.remove(name, { force: true });
    await docker.volumes.remove(name);
  });

  test('is described, asked, stopped and started; its volume cannot be changed', async () => {
    const { pgdata } = imageLayout(15);
    const service = await make('-v', `${name}:${pgdata}`, '--restart', 'always', '-e', 'POSTGRES_USER=chef');
    expect(await service.inspect(never)).toEqual({
      description: `container ${name}`,
      kind: 'container',
      running: true,
      containerIds: [expect.any(String)],
      project: null,
      image: imageName(15),
      serverMajor: 15,
      pgdata,
      mounts: [{ kind: 'volume', source: name, alias: null, destination: pgdata }],
      owner: { uid: 999, gid: 999 },
      superuser: 'chef',
      database: null,
    });
    expect(await ask(service)).toMatchObject({ timeline: 1, inRecovery: false, authenticated: true });

    await service.stop(never);
    await service.stop(never);
    expect(await service.isRunning(never)).toBe(false);
    expect((await docker.containers.inspect(name))?.State.ExitCode).toBe(0);
    await service.start(null, never);
    await service.start(null, never);
    expect(await ask(service)).toMatchObject({ authenticated: true });

    const from = { kind: 'volume', source: name, alias: null, destination: pgdata } as const;
    await expect(service.useVolume({ from, toVolume: 'x', toAlias: 'x' }, never)).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('-v VOLUME'),
    });
  });

  test('one whose pg_hba.conf lets nobody in is known by its control file', async () => {
    const service = await make();
    const before = await ask(service);
    const { pgdata } = imageLayout(15);
    await run('docker', [
      'exec',
      '-u',
      'postgres',
      name,
      'sh',
      '-c',
      `echo local all all reject > ${pgdata}/pg_hba.conf`,
    ]);
    await run('docker', ['restart', name]);
    expect(await ask(service)).toEqual({ ...before, authenticated: false });
  });

  test('one that restarts for ever is reported as such, not waited for', async () => {
    const service = await make('--restart', 'always');
    await ask(service);
    const { pgdata } = imageLayout(15);
    const bad = `echo "shared_preload_libraries = 'citus'" >> ${pgdata}/postgresql.auto.conf`;
    await run('docker', ['exec', name, 'sh', '-c', bad]);
    await service.stop(never);
    await service.start(null, never);
    await expect(ask(service)).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringMatching(/started again and again.*could not access file "citus"/),
    });
    expect(await service.isRunning(never)).toBe(true);
    await service.stop(never);
    expect(await service.isRunning(never)).toBe(false);
  });

  test('that is absent, or would be gone with its stop, is refused', async () => {
    const absent = openService(
      { kind: 'container', container: 'odo-test-absent' },
      { docker: async () => docker },
    );
    await expect(absent.inspect(never)).rejects.toMatchObject({ code: 'SERVICE_NOT_FOUND' });
    const service = await make('--rm');
    await expect(service.inspect(never)).rejects.toMatchObject({ code: 'SERVICE_CONFLICT' });
  });
});

describeWithLab('the facts of an image', () => {
  test.each(majors)('of PostgreSQL %i', async (major) => {
    const { pgdata, volume } = imageLayout(major);
    expect(await imageFacts(await connectDocker(), imageName(major))).toMatchObject({
      reference: imageName(major),
      serverMajor: major,
      pgdata,
      volumePath: volume,
      owner: { uid: 999, gid: 999 },
    });
  });

  test('that does not tell its major is asked for it', async () => {
    const reference = 'odo-test/untold:1';
    const container = await run('docker', ['create', '--entrypoint', 'true', imageName(17)]);
    try {
      await run('docker', [
        'commit',
        '-c',
        'ENV PG_MAJOR=',
        '-c',
        'ENV PATH=/usr/bin:/bin',
        container,
        reference,
      ]);
      expect(await imageFacts(await connectDocker(), reference)).toMatchObject({ serverMajor: 17 });
    } finally {
      await run('docker', ['rm', '-v', container]);
      await run('docker', ['rmi', reference]);
    }
  });

  test('that the engine does not have are null', async () => {
    expect(await imageFacts(await connectDocker(), 'odo-test/absent:1')).toBeNull();
  });
});
