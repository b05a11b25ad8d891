import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { placeDataEntry } from '../../../src/steps/place-entry.ts';

/** An entry of an archive that a restore puts into the data directory: where, in the order of the archive. */
export interface ArchivedEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory';
}

/** Of each gzipped archive in a bucket's folder, by its name. Tablespaces go where odo puts them unasked. */
export async function readArchivedEntries(bucketDirectory: string): Promise<Map<string, ArchivedEntry[]>> {
  const found = new Map<string, ArchivedEntry[]>();
  const stored = await readdir(bucketDirectory, { recursive: true });
  for (const object of stored.filter((path) => path.endsWith('.tar.gz._S3rver_object'))) {
    const name = basename(object).replace('._S3rver_object', '');
    if (name !== 'pg_wal.tar.gz') found.set(name, await entriesOf(join(bucketDirectory, object), name));
  }
  return found;
}

async function entriesOf(file: string, archive: string): Promise<ArchivedEntry[]> {
  const tablespace = /^(\d+)\./.exec(archive)?.[1];
  const entries: ArchivedEntry[] = [];
  const reader = extract();
  reader.on('entry', ({ name, type }, content, next) => {
    content.resume().once('end', next);
    const kind = type === 'symlink' ? 'link' : type === 'directory' ? 'directory' : 'file';
    const path = name.replace(/^\.\//, '').replace(/\/$/, '');
    if (kind === 'link' || path === '' || path === '.') return;
    const placed = placeDataEntry({ kind, path });
    if (tablespace !== undefined) entries.push({ path: `odo_tablespaces/${tablespace}/${path}`, kind });
    else if ('path' in placed && placed.path !== undefined) entries.push({ path: placed.path, kind });
  });
  await pipeline(createReadStream(file), createGunzip(), reader);
  return entries;
}
