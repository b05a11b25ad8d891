import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../../lab/run-command.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import type { ForgetfulDisks } from './forgetful-disks.ts';
import type { Cut } from './recorded-disk.ts';

/** A disk as a block device of this machine. */
export interface AttachedDisk extends AsyncDisposable {
  readonly device: string;
}

/**
 * Through a loop device, for which no kernel lacks a driver: it passes each write on before it says that it is done,
 * and makes a sync of the file of each flush.
 */
export async function attachDisk(
  disks: ForgetfulDisks,
  disk: number,
  file: string,
  cut?: Cut,
): Promise<AttachedDisk> {
  if (!existsSync('/dev/fuse')) await run('mknod', ['-m', '666', '/dev/fuse', 'c', '10', '229']);
  await using stack = new AsyncDisposableStack();
  await writeFile(file, '');
  stack.defer(() => rm(file));
  await disks.mount(disk, file, cut);
  stack.defer(async () => void (await run('umount', ['--lazy', file])));
  const device = await run('losetup', ['--find', '--show', file]);
  stack.defer(() => detach(device));
  const kept = stack.move();
  return { device, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The device is there as long as something uses it, and until then its file has not got all that is written. */
async function detach(device: string): Promise<void> {
  await run('losetup', ['--detach', device]);
  const isAttached = () => existsSync(join('/sys/block', basename(device), 'loop'));
  await waitUntil(`${device} is detached`, () => !isAttached(), { everyMs: 5 });
}

/** The file system of an attached disk at a directory that is made for it. */
export async function mountDisk(
  { device }: AttachedDisk,
  at: string,
  options: readonly string[] = [],
): Promise<AsyncDisposable> {
  await mkdir(at, { recursive: true });
  await run('mount', ['-o', ['noatime', ...options].join(','), device, at]);
  return {
    async [Symbol.asyncDispose]() {
      await run('umount', [at]).catch(() => run('umount', ['--lazy', at]));
    },
  };
}
