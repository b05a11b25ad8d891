import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { installPackages } from '../lab/debian-packages.ts';
import { type Fixture, fixture } from '../lab/fixtures.ts';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';

/** A program and how it is called; the extension that barman gives such objects. */
export interface Compressor {
  readonly package: string;
  readonly command: string;
  readonly extension: string;
}

export const compressors = {
  bzip2: { package: 'bzip2', command: 'bzip2 -c', extension: '.bz2' },
  /** Blocks as long as those of -6, that some checkpoints lie far behind the begin of theirs. */
  xz: { package: 'xz-utils', command: 'xz -c -1 -T2 --block-size=24MiB', extension: '.xz' },
} as const satisfies Record<string, Compressor>;

const bucket = 'recompressed';
const suffix = '._S3rver_object';

/** A server with the backup and the WAL of barman-15-plain, compressed by another program than barman would use. */
export async function recompressedBackup(
  compressor: Compressor,
  directory: string,
): Promise<{ s3: S3Server; url: string; tables: Fixture['expected']['atLatest']['tables'] }> {
  await installPackages([compressor.package]);
  const plain = await fixture('barman-15-plain');
  const s3 = await startS3({ storageDir: join(directory, 's3'), buckets: [bucket] });
  const root = join(plain.storageDir, plain.bucket);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(suffix)) continue;
    const stored = join(entry.parentPath, entry.name);
    const key = relative(root, stored).slice(0, -suffix.length);
    const isText = key.endsWith('/backup.info');
    const body = isText ? stored : join(directory, 'compressed');
    if (!isText) await run('sh', ['-c', `${compressor.command} < "$0" > "$1"`, stored, body]);
    await s3.client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: isText ? key : key + compressor.extension,
        Body: createReadStream(body),
        ContentLength: (await stat(body)).size,
      }),
    );
    if (!isText) await rm(body);
  }
  return { s3, url: plain.url.replace(plain.bucket, bucket), tables: plain.expected.atLatest.tables };
}
