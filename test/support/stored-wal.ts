import { gunzipSync, gzipSync } from 'node:zlib';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { S3Server } from '../lab/s3-server.ts';
import { objectsOf } from './fixture-objects.ts';

/** An archive whose objects a test may change: `copyFixture`. */
interface Archive {
  readonly storageDir: string;
  readonly bucket: string;
  readonly prefix: string;
}

/** A file of the WAL archive as it is stored. */
export interface StoredWal {
  readonly key: string;
  readonly body: Buffer;
}

async function keyOf(archive: Archive, name: string): Promise<string> {
  const found = (await objectsOf(archive)).find(
    ({ key }) => key.split('/').at(-1)?.replace(/\.gz$/, '') === name,
  );
  if (found === undefined) throw new Error(`${archive.bucket} has no ${name}`);
  return found.key;
}

/** `name`: of a segment or history file, without what compression adds to it. */
export async function takeWal(s3: S3Server, archive: Archive, name: string): Promise<StoredWal> {
  const key = await keyOf(archive, name);
  const found = await s3.client.send(new GetObjectCommand({ Bucket: archive.bucket, Key: key }));
  return { key, body: Buffer.from((await found.Body?.transformToByteArray()) ?? []) };
}

export async function putWal(s3: S3Server, { bucket }: Archive, { key, body }: StoredWal): Promise<void> {
  await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
}

export async function removeWal(s3: S3Server, archive: Archive, name: string): Promise<StoredWal> {
  const taken = await takeWal(s3, archive, name);
  await s3.client.send(new DeleteObjectCommand({ Bucket: archive.bucket, Key: taken.key }));
  return taken;
}

export const unpacked = ({ key, body }: StoredWal): Buffer => (key.endsWith('.gz') ? gunzipSync(body) : body);

/** Changes what a file of the archive holds; it is compressed again as it was. Returns what was there before. */
export async function editWal(
  s3: S3Server,
  archive: Archive,
  name: string,
  edit: (content: Buffer) => Buffer,
): Promise<StoredWal> {
  const before = await takeWal(s3, archive, name);
  const content = edit(Buffer.from(unpacked(before)));
  const body = before.key.endsWith('.gz') ? gzipSync(content) : content;
  await putWal(s3, archive, { key: before.key, body });
  return before;
}
