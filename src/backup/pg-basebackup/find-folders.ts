import { OdoError } from '../../errors/odo-error.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { mapLimited } from '../map-limited.ts';
import { isReservedFolder } from '../reserved-folders.ts';
import { parseTarName } from './layout.ts';

/** `<prefix>/<host>/<cluster>/<timestamp>/base.tar.gz` is the deepest that is looked for. */
const depthLimit = 3;
const looksAtOnce = 8;
/** A search through a whole bucket of other things should end with advice, not after an hour. */
const folderLimit = 5000;

/** Folders at or below `prefix` that hold a `base.tar*`. */
export async function findBaseTarFolders(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  let level = [prefix];
  let looked = 0;
  for (let depth = 0; depth <= depthLimit && level.length > 0; depth += 1) {
    looked += level.length;
    if (looked > folderLimit) {
      throw new OdoError(
        'CHOICE_NEEDED',
        `More than ${folderLimit} folders lie below ${prefix || 'the bucket’s root'}.`,
        {
          hint: 'Give an address that ends nearer to the backups, such as s3://bucket/path/to/backups.',
          details: { prefix },
        },
      );
    }
    const next = await mapLimited(level, looksAtOnce, async (folder) => {
      if (await holdsBaseTar(storage, folder, signal)) {
        found.push(folder);
        return [];
      }
      if (depth === depthLimit) return [];
      const folders = await storage.listFolders(folder, signal);
      // A server folder of barman-cloud, or a plain data directory: neither has tars of this kind below.
      const names = folders.map((child) => child.slice(folder.length));
      return names.includes('base/') || names.includes('wals/')
        ? []
        : folders.filter((key) => !isReservedFolder(key));
    });
    level = next.flat();
  }
  return found.sort();
}

async function holdsBaseTar(storage: ObjectStorage, folder: string, signal: AbortSignal): Promise<boolean> {
  for await (const object of storage.list(`${folder}base.t`, { signal })) {
    if (parseTarName(object.key.slice(folder.length)) === 'data') return true;
  }
  return false;
}
