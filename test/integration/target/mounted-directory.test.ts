import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { DataDirectory } from '../../../src/target/data-directory.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';

const run = promisify(execFile);
const signal = new AbortController().signal;
const runId = '20261123-211200-k3f9';

/** A file system of 4 MiB at `data`. Needs root. */
async function mounted() {
  const parent = await mkdtemp(join(tmpdir(), 'odo-mounted-'));
  const path = join(parent, 'data');
  await mkdir(path);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0755', 'odo-test', path]);
  return {
    parent,
    path,
    async [Symbol.asyncDispose]() {
      await run('umount', [path]);
      await rm(parent, { recursive: true });
    },
  };
}

it('says that a full file system is full, and can go on after space was made', async () => {
  await using fixture = await mounted();
  const tree = new DirectTree(fixture.path);
  const writer = await tree.openWriter(signal);
  const fill = async (): Promise<void> => {
    await writer.beginFile({ path: 'large', sizeBytes: 8_000_000 }, 0);
    for (let index = 0; index < 8; index += 1) await writer.write(randomBytes(1_000_000));
    await writer.endFile();
    // Writes go on behind the caller's back; this tells how they ended.
    await writer.sync();
  };
  await expect(fill()).rejects.toMatchObject({
    code: 'NOT_ENOUGH_SPACE',
    message: expect.stringMatching(/^No space is left for \S+\/data\/large: .* free/),
    hint: expect.any(String),
  });
  await writer.close();
  await expect(tree.writeFile('small', randomBytes(1_000_000), 0o600)).rejects.toMatchObject({
    code: 'NOT_ENOUGH_SPACE',
  });
  await tree.clear([]);
  expect(await tree.freeBytes()).toBe(4 * 1024 * 1024);
  await tree.writeFile('small', 'fits', 0o600);
});

it('keeps its work directory in a data directory that is a mount point, through a cleaning', async () => {
  await using fixture = await mounted();
  const target = new DataDirectory({ kind: 'data-directory', path: fixture.path }, async () => null);
  expect(await target.inspect(signal)).toMatchObject({
    exists: true,
    refusal: null,
    freeBytes: 4 * 1024 * 1024,
  });
  const work = await target.workTree(runId);
  expect(work.localPath).toBe(join(fixture.path, `.odo-${runId}`));
  await work.writeFile('wal/segment', 'wal', 0o600);
  const data = await target.dataTree(runId);
  await data.writeFile('PG_VERSION', '17\n', 0o600);
  await data.clear([]);
  await data.own({ uid: 999, gid: 999 });
  expect(await data.usedBytes()).toBe(0);
  expect(await work.readFile('wal/segment', 10)).not.toBeNull();
  expect((await target.workTree(runId)).localPath).toBe(work.localPath);
  await target.cleanUp(runId);
  expect(await readdir(fixture.path)).toEqual([]);
});

it('refuses the parent of a mount point', async () => {
  await using fixture = await mounted();
  const target = new DataDirectory({ kind: 'data-directory', path: fixture.parent }, async () => null);
  expect((await target.inspect(signal)).refusal).toBe(
    `${fixture.path}, below ${fixture.parent}, is the mount point of another file system.`,
  );
});
