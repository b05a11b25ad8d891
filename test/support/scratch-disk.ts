import { chmod, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../lab/run-command.ts';

/** A file system of a test's own. It lies in memory, so that no other program's writes make a sync of it slow. */
export interface ScratchDisk extends AsyncDisposable {
  /** Where it is mounted. Servers of other users may enter it. */
  readonly path: string;
}

/** ext4 on a loop device. Needs root. */
export async function mountScratchDisk(sizeBytes: number): Promise<ScratchDisk> {
  const memory = await mkdtemp('/dev/shm/odo-test-disk-');
  const image = join(memory, 'image');
  const path = await mkdtemp(join(tmpdir(), 'odo-test-disk-'));
  await writeFile(image, '');
  await truncate(image, sizeBytes);
  // Nothing is kept back for root, so that it is full for everybody at once.
  await run('mkfs.ext4', ['-q', '-m', '0', '-E', 'lazy_itable_init=1', image]);
  await run('mount', ['-o', 'loop', image, path]);
  await chmod(path, 0o711);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run('umount', ['-l', path]);
      await rm(path, { recursive: true });
      await rm(memory, { recursive: true });
    },
  };
}
