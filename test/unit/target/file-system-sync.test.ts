import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type FileSystemCalls, openFileSystemSync } from '../../../src/target/file-system-sync.ts';

const signal = new AbortController().signal;
let device = 1_000_000;

function fileSystem(sync: FileSystemCalls['sync'], isTrusted = true): FileSystemCalls {
  const own = (device += 1);
  return { describe: async () => ({ device: own, isTrusted }), sync };
}

it('syncs the file system of a directory that is on a disk, and leaves another kind to fsync', async () => {
  const directory = await mkdtemp('/var/tmp/odo-sync-');
  await writeFile(join(directory, 'file'), 'x');
  // Whatever the file system and the coreutils here are: it answers, and says whether it did it.
  expect([true, false]).toContain(await (await openFileSystemSync(directory)).sync(signal));
  expect(await (await openFileSystemSync('/proc')).sync(signal)).toBe(false);
  await rm(directory, { recursive: true });
});

it('is not asked where syncfs does not report errors', async () => {
  const sync = await openFileSystemSync(
    '/x',
    fileSystem(async () => true, false),
  );
  expect(await sync.sync(signal)).toBe(false);
});

it('tells an error to everyone who had begun to write, since the kernel tells it once', async () => {
  const error = Object.assign(new Error('EIO'), { code: 'EIO' });
  const answers: (() => boolean)[] = [
    () => {
      throw error;
    },
    () => true,
  ];
  const calls = fileSystem(async () => answers.shift()?.() ?? true);
  const one = await openFileSystemSync('/x', calls);
  const other = await openFileSystemSync('/x', calls);
  await expect(one.sync(signal)).rejects.toBe(error);
  await expect(other.sync(signal)).rejects.toBe(error);
  const later = await openFileSystemSync('/x', calls);
  expect(await later.sync(signal)).toBe(true);
});

it('runs one at a time for a file system, so that no other ends well before an error is known', async () => {
  let running = 0;
  let most = 0;
  const error = new Error('EIO');
  const calls = fileSystem(async () => {
    most = Math.max(most, (running += 1));
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    throw error;
  });
  const all = await Promise.all([1, 2, 3].map(() => openFileSystemSync('/x', calls)));
  const results = await Promise.allSettled(all.map((each) => each.sync(signal)));
  expect(most).toBe(1);
  expect(results).toEqual([1, 2, 3].map(() => ({ status: 'rejected', reason: error })));
});

it('does not hold an interruption for a failure of the file system', async () => {
  const controller = new AbortController();
  const calls = fileSystem(async (_, at) => {
    if (at === controller.signal) controller.abort(new Error('stop'));
    at.throwIfAborted();
    return true;
  });
  const one = await openFileSystemSync('/x', calls);
  const other = await openFileSystemSync('/x', calls);
  await expect(one.sync(controller.signal)).rejects.toThrow('stop');
  expect(await other.sync(signal)).toBe(true);
});
