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

/** A folder with a backup, and how it lies there: `pg_basebackup -Ft` or `-Fp`. */
export interface BackupFolder {
  readonly folder: string;
  readonly form: 'tar' | 'plain';
}

/** Folders at or below `prefix` that hold a `base.tar*` or a data directory. */
export async function findBackupFolders(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
  depthBelow = depthLimit,
): Promise<BackupFolder[]> {
  const found: BackupFolder[] = [];
  let level = [prefix];
  let looked = 0;
  for (let depth = 0; depth <= depthBelow && level.length > 0; depth += 1) {
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
        found.push({ folder, form: 'tar' });
        return [];
      }
      const folders = await storage.listFolders(folder, signal);
      if (isDataDirectory(folder, folders)) {
        found.push({ folder, form: 'plain' });
        return [];
      }
      // A server folder of barman-cloud has no backups of this kind below.
      const isServer = folders.includes(`${folder}base/`) || folders.includes(`${folder}wals/`);
      return isServer || depth === depthBelow ? [] : folders.filter((key) => !isReservedFolder(key));
    });
    level = next.flat();
  }
  return found.sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

/** Which of the two a folder holds that was found before. */
export async function formOf(
  storage: ObjectStorage,
  folder: string,
  signal: AbortSignal,
): Promise<BackupFolder['form']> {
  return isDataDirectory(folder, await storage.listFolders(folder, signal)) ? 'plain' : 'tar';
}

const isDataDirectory = (folder: string, folders: readonly string[]): boolean =>
  folders.includes(`${folder}base/`) && folders.includes(`${folder}global/`);

async function holdsBaseTar(storage: ObjectStorage, folder: string, signal: AbortSignal): Promise<boolean> {
  for await (const object of storage.list(`${folder}base.t`, { signal })) {
    if (parseTarName(object.key.slice(folder.length)) === 'data') return true;
  }
  return false;
}
