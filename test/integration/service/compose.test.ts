import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connectDocker, type Docker } from '../../../src/docker/client.ts';
import { openService } from '../../../src/service/open-service.ts';
import type { Service, ServiceFacts, ServiceMount } from '../../../src/service/service.ts';
import { imageLayout, imageName } from '../../lab/images.ts';
import { run } from '../../lab/run-command.ts';
import { type ComposeProject, startComposeProject } from '../../support/compose-project.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { describeWithLab } from '../../support/with-lab.ts';

const never = new AbortController().signal;

const composeService = (
  docker: Docker,
  file: string,
  service = 'db',
  project: string | null = null,
): Service => openService({ kind: 'compose', service, file, project }, { docker: async () => docker });

const mountAt = (facts: ServiceFacts, destination: string): ServiceMount => {
  const found = facts.mounts.find((mount) => mount.destination === destination);
  if (found === undefined) throw new Error(`nothing is mounted at ${destination}`);
  return found;
};

describeWithLab('a running Compose service', () => {
  let docker: Docker;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let project: ComposeProject;
  let service: Service;
  const { pgdata } = imageLayout(15);

  beforeAll(async () => {
    docker = await connectDocker();
    directory = await temporaryDirectory('odo-test-compose-');
    const environment = { POSTGRES_USER: 'boss', POSTGRES_DB: 'app', POSTGRES_PASSWORD: 'geh$eim' };
    // In the file a dollar sign is written twice.
    const written = { ...environment, POSTGRES_PASSWORD: 'geh$$eim' };
    project = await startComposeProject({
      directory: directory.path,
      name: 'odo-test-service',
      major: 15,
      environment: written,
    });
    service = composeService(docker, project.file, 'db', project.project);
  });
  afterAll(async () => {
    await project?.[Symbol.asyncDispose]();
    await directory?.[Symbol.asyncDispose]();
  });

  test('is described without changing anything, and without its password', async () => {
    const before = await readFile(project.file);
    const volumes = (await docker.volumes.list({ labels: {} })).length;
    const facts = await service.inspect(never);
    expect(facts).toEqual({
      description: 'Compose service db',
      kind: 'compose',
      running: true,
      containerIds: [expect.any(String)],
      project: project.project,
      image: imageName(15),
      serverMajor: 15,
      pgdata,
      mounts: [{ kind: 'volume', source: project.volume, alias: 'pgdata', destination: pgdata }],
      owner: { uid: 999, gid: 999 },
      superuser: 'boss',
      database: 'app',
    });
    expect(JSON.stringify(facts)).not.toContain('eim');
    expect(await readFile(project.file)).toEqual(before);
    expect((await docker.volumes.list({ labels: {} })).length).toBe(volumes);
    expect(await docker.containers.list({ all: true, labels: { 'odo.helper': 'image-facts' } })).toEqual([]);
  });

  test('stops cleanly, starts and answers; each of it again does nothing', async () => {
    const ask = () => service.ask({ superuser: null, dataDirectory: null, deadlineMs: 60_000 }, never);
    const before = await ask();
    expect(before).toMatchObject({ timeline: 1, inRecovery: false, authenticated: true });
    expect(before.serverVersion).toMatch(/^15\.\d+$/);
    const [id] = (await service.inspect(never)).containerIds;

    await service.stop(never);
    expect(await service.isRunning(never)).toBe(false);
    expect((await docker.containers.inspect(id ?? ''))?.State.ExitCode).toBe(0);
    expect((await service.logTail(3)).join('\n')).toMatch(/database system is shut down/);
    await service.stop(never);
    expect(await service.inspect(never)).toMatchObject({ running: false, containerIds: [id] });

    await service.start(null, never);
    await service.start(null, never);
    expect(await ask()).toEqual(before);
    expect((await service.inspect(never)).containerIds).toEqual([id]);
  });

  test('uses another volume from its next start on, and back; only that reference changes', async () => {
    const original = await readFile(project.file, 'utf8');
    const from = mountAt(await service.inspect(never), pgdata);
    const toVolume = `${project.project}_restored`;
    await docker.volumes.create(toVolume, {
      'com.docker.compose.project': project.project,
      'com.docker.compose.volume': 'restored',
    });
    await run('chmod', ['640', project.file]);
    const before = await stat(project.file);
    const change = { from, toVolume, toAlias: 'restored' };

    await service.checkVolumeChange?.(change, never);
    expect(await readFile(project.file, 'utf8')).toBe(original);
    await service.stop(never);
    const copy = ['-v', `${project.volume}:/from:ro`, '-v', `${toVolume}:/to`, '--entrypoint', 'cp'];
    await run('docker', [
      'run',
      '--rm',
      '--network',
      'none',
      ...copy,
      imageName(15),
      '-a',
      '/from/.',
      '/to/',
    ]);
    await service.useVolume(change, never);
    await service.useVolume(change, never);
    expect(await readFile(project.file, 'utf8')).toBe(
      original.replace('- pgdata:', '- restored:').replace('\n  pgdata:\n', '\n  pgdata:\n  restored:\n'),
    );
    expect((await stat(project.file)).mode).toBe(before.mode);

    await service.start(null, never);
    const facts = await service.inspect(never);
    expect(mountAt(facts, pgdata)).toMatchObject({ source: toVolume, alias: 'restored' });
    const container = await docker.containers.inspect(facts.containerIds[0] ?? '');
    expect(container?.Mounts.map((mount) => mount.Name)).toEqual([toVolume]);
    const answer = await service.ask({ superuser: 'boss', dataDirectory: null, deadlineMs: 60_000 }, never);
    expect(answer).toMatchObject({ authenticated: true });

    await service.stop(never);
    await service.useVolume(
      { from: mountAt(facts, pgdata), toVolume: project.volume, toAlias: 'pgdata' },
      never,
    );
    await service.start(null, never);
    await project.untilReady();
    expect(await project.psql('select note from old_rows')).toBe('written before the restore');
  });

  test('a change that another file undoes is put back', async () => {
    const original = await readFile(project.file, 'utf8');
    const from = mountAt(await service.inspect(never), pgdata);
    const override = join(project.directory, 'compose.override.yaml');
    const other = composeService(docker, project.file, 'db', 'odo-test-nobody');
    // Its mount is not recognized as the same one, and Compose lets it win.
    await writeFile(
      override,
      `services: {db: {volumes: ["other:\${TARGET-${pgdata}}"]}}\nvolumes: {other: {}}\n`,
    );
    try {
      await expect(
        other.useVolume({ from, toVolume: 'odo-test-nobody_x', toAlias: 'x' }, never),
      ).rejects.toMatchObject({
        code: 'SERVICE_CONFLICT',
        message: expect.stringContaining('would mount odo-test-nobody_other'),
      });
      expect(await readFile(project.file, 'utf8')).toBe(original);
    } finally {
      await run('rm', [override]);
    }
  });

  test('one that ends right after its start is reported with the words of its log, soon', async () => {
    const container = (await service.inspect(never)).containerIds[0] ?? '';
    await service.stop(never);
    const conf = `${pgdata}/postgresql.auto.conf`;
    const edit = (script: string) =>
      run('docker', [
        'run',
        '--rm',
        '--network',
        'none',
        '--volumes-from',
        container,
        '--entrypoint',
        'sh',
        imageName(15),
        '-c',
        script,
      ]);
    await edit(`echo "shared_preload_libraries = 'citus'" >> ${conf}`);
    await service.start(null, never);
    const started = performance.now();
    await expect(
      service.ask({ superuser: 'boss', dataDirectory: null, deadlineMs: 120_000 }, never),
    ).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringMatching(/ended with exit code 1.*could not access file "citus"/),
    });
    expect(performance.now() - started).toBeLessThan(60_000);
    await edit(`sed -i /citus/d ${conf}`);
  });

  test('the same file under another project name is not taken for a service that was never started', async () => {
    const unnamed = composeService(docker, project.file);
    await mkdir(join(directory.path, 'x'), { recursive: true });
    // Its directory is named like the project here; a name in the file says something else.
    const text = await readFile(project.file, 'utf8');
    await writeFile(project.file, `name: odo-test-elsewhere\n${text}`);
    try {
      await expect(unnamed.inspect(never)).rejects.toMatchObject({
        code: 'SERVICE_CONFLICT',
        hint: `Name the project that is meant: COMPOSE_PROJECT_NAME=${project.project}`,
      });
    } finally {
      await writeFile(project.file, text);
    }
  });
});

describeWithLab('a Compose file', () => {
  let docker: Docker;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  const write = async (text: string, name = 'compose.yaml'): Promise<string> => {
    const file = join(directory.path, name);
    await writeFile(file, text);
    return file;
  };
  beforeAll(async () => {
    docker = await connectDocker();
  });
  afterEach(() => directory?.[Symbol.asyncDispose]());

  const image = () => imageName(17);
  const layout = imageLayout(17);

  test('is refused with what is wrong: absent, no YAML, no such service, a built service, a missing variable', async () => {
    directory = await temporaryDirectory('odo-test-file-');
    const refusal = (file: string, name = 'db') =>
      expect(composeService(docker, file, name).inspect(never)).rejects;
    await refusal(join(directory.path, 'nope.yaml')).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('does not exist'),
    });
    await refusal(await write('services: [')).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('line 1'),
    });
    const two = await write(`services:\n  database: {image: "${image()}"}\n  web: {image: x}\n`);
    await refusal(two).toMatchObject({
      code: 'SERVICE_NOT_FOUND',
      hint: 'Name one of its services with -n: database, web.',
    });
    await refusal(await write('services:\n  db: {build: .}\n')).toMatchObject({
      code: 'SERVICE_CONFLICT',
      hint: expect.stringContaining('build db'),
    });
    await refusal(await write('services:\n  db: {image: "${NO_SUCH:?say which}"}\n')).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('say which'),
    });
  });

  test('that was never started tells everything all the same, with its override file and its profile', async () => {
    directory = await temporaryDirectory('odo-test-file-');
    const file = await write(`
name: odo-test-cold
services:
  db:
    profiles: [database]
    image: \${DB_IMAGE}
    environment: {PGDATA: ${layout.volume}/pgdata}
    volumes: [prod:${layout.volume}, ./init:/docker-entrypoint-initdb.d:ro, /scratch]
volumes:
  prod: {external: true, name: payroll}
`);
    await write(`DB_IMAGE=${image()}\n`, '.env');
    await write(
      'services: {db: {user: "26:0", environment: [POSTGRES_USER=app]}}\n',
      'compose.override.yaml',
    );
    expect(await composeService(docker, file).inspect(never)).toMatchObject({
      running: false,
      containerIds: [],
      project: 'odo-test-cold',
      image: image(),
      serverMajor: 17,
      pgdata: `${layout.volume}/pgdata`,
      owner: { uid: 26, gid: 0 },
      superuser: 'app',
      mounts: [
        { kind: 'volume', source: 'payroll', alias: 'prod', destination: layout.volume },
        {
          kind: 'bind',
          source: join(directory.path, 'init'),
          alias: null,
          destination: '/docker-entrypoint-initdb.d',
        },
        { kind: 'other', source: 'an anonymous volume', alias: null, destination: '/scratch' },
      ],
    });
  });

  test('that mounts its volume above the one of the image shows what hides it', async () => {
    directory = await temporaryDirectory('odo-test-file-');
    const file = await write(
      `services:\n  db:\n    image: ${image()}\n    volumes: [pgdata:/var/lib/postgresql]\nvolumes: {pgdata: }\n`,
    );
    const { mounts } = await composeService(docker, file, 'db', 'odo-test-hidden').inspect(never);
    expect(mounts.map(({ kind, destination }) => [kind, destination])).toEqual([
      ['volume', '/var/lib/postgresql'],
      ['other', '/var/lib/postgresql/data'],
    ]);
  });

  test('without Compose on the machine the message says how to get it', async () => {
    directory = await temporaryDirectory('odo-test-file-');
    const file = await write(`services:\n  db: {image: "${image()}"}\n`);
    const path = process.env['PATH'];
    process.env['PATH'] = directory.path;
    try {
      await expect(composeService(docker, file).inspect(never)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        hint: expect.stringContaining('Install it'),
      });
    } finally {
      process.env['PATH'] = path;
    }
  });
});
