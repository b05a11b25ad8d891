import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { S3Server } from './s3-server.ts';

/** Puts the files below `directory` under `prefix/` in the bucket, as `aws s3 sync --no-follow-symlinks` does; returns their sizes by name. */
export async function uploadDirectory(
  s3: S3Server,
  to: { bucket: string; prefix: string },
  directory: string,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const name = relative(directory, file);
    const { size } = await stat(file);
    const place = { Bucket: to.bucket, Key: `${to.prefix}/${name}` };
    await s3.client.send(
      new PutObjectCommand({ ...place, Body: createReadStream(file), ContentLength: size }),
    );
    sizes.set(name, size);
  }
  return sizes;
}
