import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PageChecksums } from '../../src/archive/hash/page-checksums.ts';
import { crc32c } from '../../src/postgres/crc32c.ts';
import type { S3Server } from '../lab/s3-server.ts';

const pageBytes = 8192;

async function read(s3: S3Server, bucket: string, key: string): Promise<Buffer> {
  const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

const put = (s3: S3Server, bucket: string, key: string, body: Uint8Array) =>
  s3.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));

export const removeObject = (s3: S3Server, bucket: string, key: string) =>
  s3.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));

interface Member {
  readonly name: string;
  /** Of its header. */
  readonly at: number;
  readonly content: Buffer;
  readonly end: number;
}

/** Members of an unpacked tar whose names and sizes stand in their own headers; contents are views. */
export function* membersOf(tar: Buffer): Generator<Member> {
  for (let at = 0; at < tar.length && tar[at] !== 0; ) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    const from = at + 512;
    const end = from + Math.ceil(size / 512) * 512;
    yield { name, at, content: tar.subarray(from, from + size), end };
    at = end;
  }
}

/** Edits files of a tar.gz in place; returns them by name as they are then. */
export async function editTar(
  s3: S3Server,
  { bucket, key }: { bucket: string; key: string },
  edits: Readonly<Record<string, (content: Buffer) => void | Promise<void>>>,
): Promise<Record<string, Buffer>> {
  const tar = gunzipSync(await read(s3, bucket, key));
  const edited: Record<string, Buffer> = {};
  for (const { name, content } of membersOf(tar)) {
    const edit = edits[name.replace(/^\.\//, '')];
    if (edit === undefined) continue;
    await edit(content);
    edited[name] = content;
  }
  if (Object.keys(edited).length !== Object.keys(edits).length) throw new Error(`${key} lacks a file`);
  await put(s3, bucket, key, gzipSync(tar, { level: 1 }));
  return edited;
}

/** Leaves members out of a tar.gz. */
export async function dropFromTar(
  s3: S3Server,
  { bucket, key }: { bucket: string; key: string },
  isDropped: (name: string) => boolean,
): Promise<void> {
  const tar = gunzipSync(await read(s3, bucket, key));
  const all = [...membersOf(tar)];
  const kept = all.filter(({ name }) => !isDropped(name));
  if (kept.length === all.length) throw new Error(`${key} has nothing to leave out`);
  const parts = kept.map(({ at, end }) => tar.subarray(at, end));
  await put(s3, bucket, key, gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]), { level: 1 }));
}

/** The manifest as pg_basebackup would have written it of these files: the damage was there before. */
export async function rewriteManifest(
  s3: S3Server,
  { bucket, key }: { bucket: string; key: string },
  files: Readonly<Record<string, Buffer>>,
): Promise<void> {
  const text = (await read(s3, bucket, key)).toString();
  const lines = text.split('\n').map((line) => {
    const [, path = ''] = /^\{ "Path": "([^"]*)"/.exec(line) ?? [];
    const content = files[path];
    if (content === undefined) return line;
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(crc32c(content));
    return line.replace(/"Checksum": "\w+"/, `"Checksum": "${sum.toString('hex')}"`);
  });
  const body = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith('"Manifest-Checksum"')),
  );
  const head = `${body.join('\n')}\n`;
  const checksum = createHash('sha256').update(head).digest('hex');
  await put(s3, bucket, key, Buffer.from(`${head}"Manifest-Checksum": "${checksum}"}\n`));
}

/** One byte of a page's data. */
export function flipByte(file: Buffer, block: number): void {
  const at = block * pageBytes + 5000;
  file[at] = (file[at] ?? 0) ^ 0x10;
}

/** A page whose header cannot be: free space that ends in front of its begin (PageHeaderData, pd_lower and pd_upper). */
export function ruinHeader(file: Buffer, block: number): void {
  file.writeUInt16LE(0x7fff, block * pageBytes + 12);
}

/**
 * Lets an entry of a btree's leaf page point to a row that is not there (IndexTupleData, t_tid), and gives the page the
 * checksum that it then has: the index lacks a row, and no page is damaged.
 */
export async function loseIndexEntry(file: Buffer, hasChecksums: boolean): Promise<void> {
  const block = 1;
  const page = file.subarray(block * pageBytes, (block + 1) * pageBytes);
  const special = page.readUInt16LE(16);
  const isLeaf = (page.readUInt16LE(special + 12) & 1) === 1;
  if (!isLeaf) throw new Error('the first page of the index is no leaf');
  // The first line pointer is the page's high key, on all but the rightmost page.
  const pointer = page.readUInt32LE(24 + 4 * 5);
  const tuple = pointer & 0x7fff;
  page.writeUInt16LE(page.readUInt16LE(tuple + 4) + 100, tuple + 4);
  if (!hasChecksums) return;
  const checksums = await PageChecksums.open({ firstBlock: block });
  checksums.update(page);
  const [wrong] = checksums.result().wrong;
  if (wrong === undefined) throw new Error('the checksum of the page has not changed');
  page.writeUInt16LE(wrong.found, 8);
}
