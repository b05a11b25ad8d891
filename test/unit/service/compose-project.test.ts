import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContainerInfo } from '../../../src/docker/client.ts';
import { composeMessage } from '../../../src/service/compose-cli.ts';
import { composeProject, containersOfProject } from '../../../src/service/compose-project.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const container = (labels: Record<string, string>, created = 1): ContainerInfo =>
  ({ Id: labels['id'] ?? 'c', Created: created, Labels: labels }) as unknown as ContainerInfo;
const labels = (project: string, files: string, more: Record<string, string> = {}) => ({
  'com.docker.compose.project': project,
  'com.docker.compose.project.config_files': files,
  'com.docker.compose.oneoff': 'False',
  ...more,
});

describe('the files of a project', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  const path = (name: string) => join(directory.path, name);
  const write = async (...names: string[]) => {
    for (const name of names) await writeFile(path(name), '');
  };
  const filesOf = (file: string, containers: readonly ContainerInfo[] = [], project: string | null = null) =>
    composeProject({ file: path(file), project }, containers);

  beforeEach(async () => {
    directory = await temporaryDirectory('odo-test-project-');
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  test('are those that the running project was started with, environment files too', async () => {
    await write('a.yaml', 'b.yaml', 'prod.env');
    const started = container(
      labels('p', `${path('a.yaml')},${path('b.yaml')}`, {
        'com.docker.compose.project.environment_file': path('prod.env'),
      }),
    );
    expect(filesOf('b.yaml', [started])).toEqual({
      files: [path('a.yaml'), path('b.yaml')],
      environmentFiles: [path('prod.env')],
      name: null,
    });
  });

  test('are not those of another project, of a file that is gone, or of an older start', async () => {
    await write('a.yaml', 'b.yaml', 'c.yaml');
    const both = container(labels('p', `${path('a.yaml')},${path('b.yaml')}`), 5);
    const older = container(labels('p', `${path('a.yaml')},${path('c.yaml')}`), 4);
    expect(filesOf('a.yaml', [both, older]).files).toEqual([path('a.yaml'), path('b.yaml')]);
    expect(filesOf('a.yaml', [both], 'q').files).toEqual([path('a.yaml')]);
    const gone = container(labels('p', `${path('a.yaml')},${path('gone.yaml')}`));
    expect(filesOf('a.yaml', [gone]).files).toEqual([path('a.yaml')]);
  });

  test('include the override file that Compose takes by itself', async () => {
    await write(
      'compose.yaml',
      'compose.override.yaml',
      'db.yaml',
      'docker-compose.yml',
      'docker-compose.override.yml',
    );
    expect(filesOf('compose.yaml').files).toEqual([path('compose.yaml'), path('compose.override.yaml')]);
    expect(filesOf('docker-compose.yml').files).toEqual([
      path('docker-compose.yml'),
      path('docker-compose.override.yml'),
    ]);
    expect(filesOf('db.yaml').files).toEqual([path('db.yaml')]);
  });
});

describe('the containers of a service', () => {
  const spec = { file: '/srv/compose.yaml', project: null, service: 'db' };

  test('are those of the project, without the ones of `docker compose run`', () => {
    const own = container(labels('p', '/srv/compose.yaml', { id: 'own' }));
    const oneOff = container(labels('p', '/srv/compose.yaml', { 'com.docker.compose.oneoff': 'True' }));
    const other = container(labels('q', '/other/compose.yaml'));
    expect(containersOfProject([own, oneOff, other], 'p', spec)).toEqual([own]);
  });

  test('under another project name are an error, unless the name was given', () => {
    const other = container(labels('q', '/srv/compose.yaml'));
    expect(() => containersOfProject([other], 'p', spec)).toThrow(
      expect.objectContaining({ code: 'SERVICE_CONFLICT' }),
    );
    expect(containersOfProject([other], 'p', { ...spec, project: 'p' })).toEqual([]);
  });

  test('made from another file that is still there are an error, unless the name was given', async () => {
    await using directory = await temporaryDirectory('odo-test-project-');
    const [mine, theirs, link] = ['a.yaml', 'b.yaml', 'c.yaml'].map((name) => join(directory.path, name));
    if (mine === undefined || theirs === undefined || link === undefined) throw new Error('no path');
    await writeFile(mine, '');
    await symlink(mine, link);
    const made = container(labels('p', theirs));
    const of = (file: string) => ({ ...spec, file });
    // Gone: the project was moved.
    expect(containersOfProject([made], 'p', of(mine))).toEqual([made]);
    await writeFile(theirs, '');
    expect(() => containersOfProject([made], 'p', of(mine))).toThrow(
      expect.objectContaining({ code: 'SERVICE_CONFLICT', message: expect.stringContaining(theirs) }),
    );
    expect(containersOfProject([made], 'p', { ...of(mine), project: 'p' })).toEqual([made]);
    const same = container(labels('p', link));
    expect(containersOfProject([same], 'p', of(mine))).toEqual([same]);
  });
});

test('what Compose says is repeated without its warnings and without values of the environment', () => {
  const stderr = `time="2026-11-23T10:00:00Z" level=warning msg="The \\"X\\" variable is not set."
invalid interpolation format for services.db.environment.POSTGRES_PASSWORD: "s3cret\${x"
no such service: x
`;
  const message = composeMessage({ exitCode: 1, stdout: 'PASSWORD: s3cret', stderr });
  expect(message).toBe(
    'invalid interpolation format for services.db.environment.POSTGRES_PASSWORD: …; no such service: x',
  );
  expect(composeMessage({ exitCode: 1, stdout: '', stderr: '' })).toBe('it gave no reason');
});
