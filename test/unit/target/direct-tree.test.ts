import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { describeTree } from '../../contract/tree.contract.ts';
import { describeWorkTree } from '../../contract/work-tree.contract.ts';

async function openDirectory() {
  const directory = await mkdtemp(join(tmpdir(), 'odo-tree-'));
  const root = join(directory, 'data');
  await mkdir(root);
  return {
    tree: new DirectTree(root),
    root,
    missing: new DirectTree(join(directory, 'no-such-directory')),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

describeTree('a directory of this machine', openDirectory);
describeWorkTree('a directory of this machine', openDirectory);

it('leaves a reserved name in the root alone', async () => {
  const root = await mkdtemp(join(tmpdir(), 'odo-tree-'));
  const tree = new DirectTree(root, { reserved: ['.odo-work'] });
  await tree.writeFile('.odo-work/wal/segment', 'wal', 0o600);
  await tree.writeFile('base/.odo-work', 'not in the root', 0o600);
  await tree.clear([]);
  expect((await tree.list('')).map(({ name }) => name)).toEqual(['.odo-work']);
  expect(await tree.usedBytes()).toBe(0);
  await rm(root, { recursive: true });
});
