import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findDebianCluster } from '../../../src/service/debian-cluster.ts';
import { localLogTail } from '../../../src/service/local-log.ts';
import { replaceFile } from '../../../src/service/replace-file.ts';
import { makeSocketDirectory, socketDirectoryOf } from '../../../src/service/socket-directory.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const path = (...names: string[]) => join(directory.path, ...names);
const isRoot = process.getuid?.() === 0;
const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

beforeEach(async () => {
  directory = await temporaryDirectory('odo-test-files-');
});
afterEach(() => directory[Symbol.asyncDispose]());

test('a replaced file keeps its mode, its owner and the link that leads to it', async () => {
  await writeFile(path('real.yaml'), 'old');
  await chmod(path('real.yaml'), 0o664);
  if (isRoot) await chown(path('real.yaml'), 4711, 4712);
  const before = await stat(path('real.yaml'));
  await symlink('real.yaml', path('link.yaml'));

  await replaceFile(path('link.yaml'), 'new');

  expect(await readFile(path('real.yaml'), 'utf8')).toBe('new');
  expect((await lstat(path('link.yaml'))).isSymbolicLink()).toBe(true);
  const { mode, uid, gid } = await stat(path('real.yaml'));
  expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid });
  expect((await readdir(directory.path)).sort()).toEqual(['link.yaml', 'real.yaml']);
});

test('a half-written file of an attempt that was killed is in nobody’s way', async () => {
  await writeFile(path('compose.yaml'), 'old');
  await writeFile(path('.compose.yaml.odo-tmp'), 'half');
  await replaceFile(path('compose.yaml'), 'new');
  expect(await readdir(directory.path)).toEqual(['compose.yaml']);
});

test('a file that is gone is an error with its path', async () => {
  await expect(replaceFile(path('gone.yaml'), 'x')).rejects.toMatchObject({
    code: 'STEP_FAILED',
    message: expect.stringContaining('gone.yaml'),
  });
});

test('finds the Debian cluster whose last data_directory is the directory', async () => {
  const write = async (major: string, name: string, text: string) => {
    await mkdir(path('etc', major, name), { recursive: true });
    await writeFile(path('etc', major, name, 'postgresql.conf'), text);
  };
  await mkdir(path('data'));
  await symlink('data', path('alias'));
  await write('15', 'main', `#data_directory = '${path('data')}'\ndata_directory = '/elsewhere'  # moved\n`);
  await write(
    '17',
    'shop',
    `data_directory '/first'\n  data_directory='${path('alias')}'\t# use data in another directory\n`,
  );
  expect(await findDebianCluster(path('data'), path('etc'))).toEqual({ major: '17', name: 'shop' });
  expect(await findDebianCluster('/elsewhere', path('etc'))).toEqual({ major: '15', name: 'main' });
  expect(await findDebianCluster('/first', path('etc'))).toBeNull();
  expect(await findDebianCluster(path('data'), path('absent'))).toBeNull();
});

test('shows the end of the log that was written last', async () => {
  expect(await localLogTail(directory.path, null, 2)).toEqual([]);
  await mkdir(path('log'));
  await writeFile(path('log', 'odo-start.log'), 'redirecting log output\n');
  await writeFile(path('log', 'today.log'), 'a\nb\nc\n');
  await writeFile(path('current_logfiles'), 'stderr log/today.log\n');
  await utimes(path('log', 'odo-start.log'), 1000, 1000);
  await utimes(path('log', 'today.log'), 1000, 1000);
  expect(await localLogTail(directory.path, null, 2)).toEqual(['b', 'c']);
  await utimes(path('log', 'odo-start.log'), 1001, 1001);
  expect(await localLogTail(directory.path, null, 2)).toEqual(['redirecting log output']);
});

test('a socket directory is short enough for a socket, closed to others, and never someone else’s', async () => {
  const deep = path('a'.repeat(80));
  expect(socketDirectoryOf('/srv/work', 'r1')).toBe('/srv/work/run');
  expect(socketDirectoryOf(deep, 'r1').length).toBeLessThan(80);

  await makeSocketDirectory(path('run'), me);
  expect((await stat(path('run'))).mode & 0o777).toBe(0o700);
  await makeSocketDirectory(path('run'), me);
  await chmod(path('run'), 0o777);
  await expect(makeSocketDirectory(path('run'), me)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  await symlink('/tmp', path('link'));
  await expect(makeSocketDirectory(path('link'), me)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
});
