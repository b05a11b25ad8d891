import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Crc32c } from '../../src/archive/hash/crc32c.ts';
import { copyFixture, type Fixture, fixture } from '../lab/fixtures.ts';
import { type ComposedObject, composedOf } from './composed-store.ts';
import { extendManifest } from './manifest-text.ts';
import { membersOf } from './rewritten-backup.ts';

/** A backup by pg_basebackup whose archive has files more than the cluster had. */
export interface LargeBackup {
  readonly backup: Fixture;
  /** The archive, for `startComposedStore`. */
  readonly objects: ReadonlyMap<string, ComposedObject>;
  readonly added: readonly AddedFile[];
  /** What the archive unpacks to. @unit bytes */
  readonly tarBytes: number;
}

interface AddedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** CRC-32C as a manifest says it. */
  readonly checksum: string;
}

interface NewFiles {
  readonly added: readonly AddedFile[];
  /** gzip members that unpack to their headers and contents, in order. */
  readonly members: readonly Uint8Array[];
  readonly tarBytes: number;
}

const folder = 'base/16384';

/**
 * The lab's backup, a copy of it below `storageDir`, with files added to its archive and manifest. gzip members follow
 * each other in one stream, so that what comes again and again is compressed and kept once.
 */
export async function largeBackup(
  storageDir: string,
  addTo: (archive: { relations: Buffer; header: Buffer }) => Promise<NewFiles>,
): Promise<LargeBackup> {
  const backup = await copyFixture(await fixture('basebackup-15'), storageDir);
  const prefix = `${backup.prefix}/${backup.expected.backups[0]}`;
  const stored = (name: string) => join(storageDir, backup.bucket, prefix, `${name}._S3rver_object`);
  const archive = await readFile(stored('base.tar.gz'));
  const tar = gunzipSync(archive);
  const members = [...membersOf(tar)];
  const last = members.at(-1);
  const relations = members.filter(({ name }) => /^base\/16384\/\d+$/.test(name));
  const [relation] = relations;
  if (last === undefined || relation === undefined) throw new Error('The archive holds no relations.');
  const {
    added,
    members: more,
    tarBytes,
  } = await addTo({
    relations: Buffer.concat(relations.map(({ content }) => content)),
    header: tar.subarray(relation.at, relation.at + 512),
  });
  const pieces = [gzipSync(tar.subarray(0, last.end), { level: 1 }), ...more, gzipSync(Buffer.alloc(1024))];
  const manifest = await readFile(stored('backup_manifest'), 'utf8');
  await writeFile(stored('backup_manifest'), extendManifest(manifest, added));
  return {
    backup,
    objects: new Map([[`${prefix}/base.tar.gz`, composedOf(pieces)]]),
    added,
    tarBytes: last.end + tarBytes + 1024,
  };
}

/** The segments of one relation, each about a GiB of pages of the cluster's own tables. */
export const relationSegments =
  (totalBytes: number) =>
  async ({ relations, header }: { relations: Buffer; header: Buffer }): Promise<NewFiles> => {
    const block = relations.subarray(0, Math.min(relations.length, 64 * 2 ** 20) & -8192);
    const repeats = Math.min(Math.floor(2 ** 30 / block.length), Math.ceil(totalBytes / block.length));
    const sizeBytes = repeats * block.length;
    const sum = await Crc32c.open();
    for (let i = 0; i < repeats; i++) sum.update(block);
    const checksum = sum.digest();
    const packed = gzipSync(block, { level: 1 });
    const count = Math.ceil(totalBytes / sizeBytes);
    const added = Array.from({ length: count }, (_, i) => ({
      path: `${folder}/90000${i === 0 ? '' : `.${i}`}`,
      sizeBytes,
      checksum,
    }));
    const members = added.flatMap(({ path }) => [
      gzipSync(headerOf(header, path, sizeBytes)),
      ...Array.from({ length: repeats }, () => packed),
    ]);
    return { added, members, tarBytes: count * (512 + sizeBytes) };
  };

const filesInMember = 1000;

/** Relations of a schema with very many of them: a third is empty, most of the others are a few hundred bytes, a tenth is a page. */
export const smallFiles =
  (count: number) =>
  async ({ relations, header }: { relations: Buffer; header: Buffer }): Promise<NewFiles> => {
    const added: AddedFile[] = [];
    const members: Buffer[] = [];
    let tarBytes = 0;
    for (let from = 0; from < count; from += filesInMember) {
      const parts: Buffer[] = [];
      for (let i = from; i < Math.min(from + filesInMember, count); i++) {
        const path = `${folder}/${100_000 + i}`;
        const sizeBytes = i % 3 === 0 ? 0 : i % 10 === 1 ? 8192 : 100 + (i % 400);
        const at = ((i * 8192) % relations.length) & -8192;
        const content = relations.subarray(at, at + sizeBytes);
        const sum = await Crc32c.open();
        sum.update(content);
        added.push({ path, sizeBytes: content.length, checksum: sum.digest() });
        parts.push(headerOf(header, path, content.length), content, Buffer.alloc(-content.length & 511));
      }
      const raw = Buffer.concat(parts);
      tarBytes += raw.length;
      members.push(gzipSync(raw, { level: 1 }));
    }
    return { added, members, tarBytes };
  };

/** A member's header with another name and size (POSIX ustar). */
function headerOf(header: Buffer, path: string, sizeBytes: number): Buffer {
  const made = Buffer.from(header);
  made.fill(0, 0, 100).write(path, 'latin1');
  made.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  made.fill(' ', 148, 156);
  const sum = made.reduce((total, byte) => total + byte, 0);
  made.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return made;
}
