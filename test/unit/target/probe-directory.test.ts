import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeDirectory } from '../../../src/target/probe-directory.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

test('a directory that is fit is tried out and left as it was', async () => {
  await using place = await temporaryDirectory();
  await writeFile(join(place.path, 'PG_VERSION'), '17\n');
  expect(await probeDirectory(place.path, me)).toMatchObject({
    directory: place.path,
    exists: true,
    writing: null,
    syncing: null,
    owning: null,
  });
  expect(await readdir(place.path)).toEqual(['PG_VERSION']);
  expect((await stat(join(place.path, 'PG_VERSION'))).uid).toBe(me.uid);
});

test('of a directory that is to be made, the nearest one above it is tried out', async () => {
  await using place = await temporaryDirectory();
  await mkdir(join(place.path, 'a'));
  const probe = await probeDirectory(join(place.path, 'a/b/c'), null);
  expect(probe).toMatchObject({ directory: join(place.path, 'a'), exists: false, writing: null });
  expect(probe.freeBytes).toBeGreaterThan(0);
  expect(await readdir(join(place.path, 'a'))).toEqual([]);
});

test('what is below a file can never be written', async () => {
  await using place = await temporaryDirectory();
  await writeFile(join(place.path, 'file'), '');
  expect((await probeDirectory(join(place.path, 'file'), null)).writing).toBe('ENOTDIR');
});
