import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { directoryRefusal } from '../../../src/target/refusal.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'odo-refusal-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a directory that is refused as a target', () => {
  it.each([
    '/',
    '//',
    '/etc',
    '/etc/',
    '/usr/local',
    '/var/lib',
    '/home',
    '/home/ada',
    '/proc/1',
    '/tmp/../srv',
    '/etc/postgresql/15/main',
    '/usr/lib/postgresql/15',
    '/var/lib/dpkg/new',
    '/var/log/postgresql',
  ])('is the system’s %s', async (path) => {
    expect(await directoryRefusal(path)).toMatch(/is a directory of the system|is a home directory/);
  });

  it('is the operator’s home, or holds it', async () => {
    const home = process.env['HOME'];
    try {
      process.env['HOME'] = join(directory, 'people/ada');
      expect(homedir()).toBe(join(directory, 'people/ada'));
      expect(await directoryRefusal(join(directory, 'people/ada/'))).toMatch('is a home directory');
      expect(await directoryRefusal(join(directory, 'people'))).toMatch('holds the home directory');
      expect(await directoryRefusal(join(directory, 'people/ada/pgdata'))).toBeNull();
    } finally {
      process.env['HOME'] = home;
    }
  });

  it('is the home of anybody, or holds one', async () => {
    expect(await directoryRefusal('/var/lib/postgresql')).toBe('/var/lib/postgresql is a home directory.');
    expect(await directoryRefusal('/var/lib/postgresql/')).toMatch('is a home directory');
  });

  it.each(['/var/lib/docker/overlay2', '/var/lib/docker/volumes/shop', '/var/lib/docker/volumes/shop/x'])(
    'is the Docker engine’s %s',
    async (path) => {
      expect(await directoryRefusal(path)).toMatch(/of the Docker engine|of the system/);
    },
  );

  it('is a path that is not absolute', async () => {
    expect(await directoryRefusal('pgdata')).toBe('The path pgdata is not absolute.');
    expect(await directoryRefusal('')).toBe('The path  is not absolute.');
  });

  it('is a file or a link, also with a slash behind it', async () => {
    await writeFile(join(directory, 'file'), '');
    await mkdir(join(directory, 'real'));
    await symlink('real', join(directory, 'link'));
    expect(await directoryRefusal(join(directory, 'file'))).toMatch('is not a directory');
    expect(await directoryRefusal(join(directory, 'link'))).toMatch('is a symbolic link');
    expect(await directoryRefusal(`${join(directory, 'link')}/`)).toMatch('is a symbolic link');
  });

  it('is what a link above it leads to', async () => {
    await symlink('/', join(directory, 'root'));
    expect(await directoryRefusal(join(directory, 'root/etc'))).toBe('/etc is a directory of the system.');
    expect(await directoryRefusal(join(directory, 'root/proc/new'))).toBe(
      '/proc/new is a directory of the system.',
    );
  });

  it('lies in the data directory of a database, at any depth and also through a link', async () => {
    await mkdir(join(directory, 'pg/base/1'), { recursive: true });
    await writeFile(join(directory, 'pg/PG_VERSION'), '17\n');
    await symlink('pg/base', join(directory, 'link'));
    const where = await realpath(join(directory, 'pg'));
    for (const path of ['pg/new', 'pg/base/1/new', 'link/new'])
      expect(await directoryRefusal(join(directory, path))).toContain(
        `lies inside ${where}, the data directory`,
      );
    expect(await directoryRefusal(join(directory, 'pg'))).toBeNull();
    expect(await directoryRefusal(join(directory, 'pg2'))).toBeNull();
  });

  it('holds a mount point', async () => {
    expect(await directoryRefusal('/dev/')).toMatch('of the system');
    expect(await directoryRefusal(dirname('/dev/shm'))).not.toBeNull();
  });
});

it('takes an existing directory, a new one, and one at the top that is not the system’s', async () => {
  expect(await directoryRefusal(directory)).toBeNull();
  expect(await directoryRefusal(join(directory, 'new/deep'))).toBeNull();
  expect(await directoryRefusal('/data')).toBeNull();
  expect(await directoryRefusal('/var/lib/postgresql/15/main')).toBeNull();
  expect(await directoryRefusal('/usr/local/pgsql/data')).toBeNull();
  expect(await directoryRefusal('/var/lib/docker/volumes/shop/_data')).toBeNull();
  expect(await directoryRefusal('/var/lib/docker/volumes/shop/_data/17')).toBeNull();
});
