import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { holderOf, placeMark, readMark, settleMark } from '../../../src/target/marker.ts';
import { markerFile } from '../../../src/target/target.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let data: string;
let tree: DirectTree;
beforeEach(async () => {
  place = await temporaryDirectory();
  data = join(place.path, 'data');
  await mkdir(data);
  tree = new DirectTree(data);
});
afterEach(() => place[Symbol.asyncDispose]());

test('of many runs that mark one directory at once, one gets it, and all learn which', async () => {
  const runs = Array.from({ length: 20 }, (_, n) => `20261128-020304-r${n}`);
  const marks = await Promise.all(runs.map((run) => placeMark(new DirectTree(data), run)));
  const holders = new Set(marks.map(({ runId }) => runId));
  expect(holders.size).toBe(1);
  expect(await readMark(tree)).toEqual({ runId: [...holders][0], isProvisional: true });
  expect(await readdir(data)).toEqual([markerFile]);
});

test('a mark is provisional until the run has looked under it, and stays its own', async () => {
  expect(await placeMark(tree, 'r')).toEqual({ runId: 'r', isProvisional: true });
  expect(await placeMark(tree, 'r')).toEqual({ runId: 'r', isProvisional: true });
  await settleMark(tree, 'r');
  expect(await placeMark(tree, 'r')).toEqual({ runId: 'r', isProvisional: false });
  expect(await placeMark(tree, 'other')).toEqual({ runId: 'r', isProvisional: false });
});

test('a mark of an odo that knew no provisional ones is a mark', async () => {
  await writeFile(
    join(data, markerFile),
    '{"runId":"old","note":"This directory is being restored by odo."}\n',
  );
  expect(await placeMark(tree, 'r')).toEqual({ runId: 'old', isProvisional: false });
});

test('a file of that name that odo did not write is left alone', async () => {
  await writeFile(join(data, markerFile), '{"name":"a package"}');
  await expect(placeMark(tree, 'r')).rejects.toMatchObject({ code: 'TARGET_NOT_EMPTY' });
  expect(await readdir(data)).toEqual([markerFile]);
});

test('a directory with only a mark that was cut short is empty', async () => {
  await writeFile(join(data, `.${markerFile}.r.odo-tmp`), '{"run');
  expect(await holderOf(data)).toEqual({ kind: 'empty' });
});
