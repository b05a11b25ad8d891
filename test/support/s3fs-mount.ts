import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../lab/run-command.ts';
import type { S3Server } from '../lab/s3-server.ts';
import { s3Keys } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** A bucket mounted read-only with s3fs, as docs/sources.md says. Throws where the kernel has no FUSE. */
export async function mountBucket(
  s3: S3Server,
  bucket: string,
  directory: string,
  { statCacheSeconds = 60 }: { statCacheSeconds?: number } = {},
): Promise<{ readonly path: string } & AsyncDisposable> {
  if (!(await readFile('/proc/filesystems', 'utf8')).includes('fuse'))
    throw new Error('This kernel has no FUSE, which mounting a bucket needs.');
  if (!existsSync('/dev/fuse')) await run('mknod', ['-m', '666', '/dev/fuse', 'c', '10', '229']);
  const path = join(directory, 'mounted');
  const keys = join(directory, 'passwd-s3fs');
  await mkdir(path);
  await writeFile(keys, `${s3Keys.accessKeyId}:${s3Keys.secretAccessKey}\n`, { mode: 0o600 });
  const options = ['ro', 'use_path_request_style', `url=${s3.endpoint}`, `passwd_file=${keys}`];
  await run('s3fs', [
    bucket,
    path,
    ...[...options, `stat_cache_expire=${statCacheSeconds}`].flatMap((option) => ['-o', option]),
  ]);
  await waitUntil('the bucket is mounted', async () =>
    (await readFile('/proc/mounts', 'utf8')).includes(` ${path} `),
  );
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run('fusermount', ['-u', '-z', path]);
    },
  };
}
