import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { GraftedTree } from '../../../src/target/grafted-tree.ts';
import type { Tree, TreeWriter } from '../../../src/target/tree.ts';
import { describeTree } from '../../contract/tree.contract.ts';

const signal = new AbortController().signal;

async function open() {
  const directory = await mkdtemp(join(tmpdir(), 'odo-grafted-'));
  const root = join(directory, 'data');
  const cold = join(directory, 'cold');
  await mkdir(root);
  await mkdir(cold);
  const grafts = [{ at: 'spaces/1', tree: new DirectTree(cold) }];
  return {
    tree: new GraftedTree(new DirectTree(root), grafts),
    root,
    cold,
    missing: new GraftedTree(new DirectTree(join(directory, 'no-such-directory')), []),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

describeTree('a data directory with a tablespace elsewhere', open);

describe('a tree that is grafted', () => {
  it('gets what is written below its place, in turns with the other', async () => {
    await using fixture = await open();
    const large = randomBytes(3_000_000);
    const writer = await fixture.tree.openWriter(signal);
    const write = async (path: string, bytes: Uint8Array): Promise<void> => {
      await writer.beginFile({ path, sizeBytes: bytes.length }, 0);
      await writer.write(bytes);
      await writer.endFile();
    };
    await writer.makeDirectory('spaces/1');
    await writer.makeDirectory('spaces/1/PG_17');
    await write('spaces/1/PG_17/a', large);
    await write('PG_VERSION', Buffer.from('17\n'));
    await write('spaces/1/PG_17/b', Buffer.from('b'));
    await writer.sync();
    await writer.beginPatch({ path: 'spaces/1/PG_17/b', sizeBytes: 2, keepBytes: null });
    await writer.patch(Buffer.from('cd'), 0);
    await writer.endFile();
    await writer.sync();
    await writer.close();
    expect((await readFile(join(fixture.cold, 'PG_17/a'))).equals(large)).toBe(true);
    expect(await readFile(join(fixture.cold, 'PG_17/b'), 'utf8')).toBe('cd');
    expect((await fixture.tree.list('')).map(({ name }) => name)).toEqual(['PG_VERSION']);
    expect((await fixture.tree.list('spaces/1')).map(({ name }) => name)).toEqual(['PG_17']);
    expect(fixture.tree.localPathOf('spaces/1/PG_17/b')).toBe(join(fixture.cold, 'PG_17/b'));
    expect(fixture.tree.localPathOf('spaces/10')).toBe(join(fixture.root, 'spaces/10'));
  });

  it('is owned, counted and cleared with the other, and read by its place', async () => {
    await using fixture = await open();
    await fixture.tree.writeFile('spaces/1/kept', 'in the tablespace', 0o644);
    await fixture.tree.writeFile('spaces/1/file', Buffer.alloc(100_000), 0o644);
    await fixture.tree.writeFile('file', Buffer.alloc(100_000), 0o644);
    expect(await fixture.tree.usedBytes()).toBeGreaterThan(190_000);
    await fixture.tree.own({ uid: 12_345, gid: 23_456 });
    for (const place of [fixture.cold, join(fixture.cold, 'file'), fixture.root])
      expect((await stat(place)).uid).toBe(12_345);
    await fixture.tree.clear(['kept']);
    expect(Buffer.from((await fixture.tree.readFile('spaces/1/kept', 100)) ?? []).toString()).toBe(
      'in the tablespace',
    );
    expect(await fixture.tree.readFile('spaces/1/file', 1)).toBeNull();
    expect(await fixture.tree.readFile('file', 1)).toBeNull();
    await expect(fixture.tree.rename('spaces/1/kept', 'kept')).rejects.toMatchObject({ code: 'BUG' });
  });

  it('says of the file that is open whether it can be continued, and whether all are local', async () => {
    const begun: string[] = [];
    const fake = (name: string, continuesFiles: boolean) =>
      ({
        description: name,
        localPath: continuesFiles ? '/data' : null,
        openWriter: async () =>
          ({
            continuesFiles,
            beginFile: async ({ path }: { path: string }) => void begun.push(`${name}: ${path}`),
            endFile: async () => {},
          }) as unknown as TreeWriter,
      }) as unknown as Tree;
    const tree = new GraftedTree(fake('data', true), [{ at: 'spaces/1', tree: fake('cold', false) }]);
    expect(tree.localPath).toBeNull();
    const writer = await tree.openWriter(signal);
    const seen: boolean[] = [];
    for (const path of ['base/1', 'spaces/1/x']) {
      await writer.beginFile({ path, sizeBytes: 0 }, 0);
      seen.push(writer.continuesFiles);
      await writer.endFile();
    }
    expect(seen).toEqual([true, false]);
    expect(writer.continuesFiles).toBe(false);
    expect(begun).toEqual(['data: base/1', 'cold: x']);
  });
});
