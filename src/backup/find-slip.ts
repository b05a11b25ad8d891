import { nearest } from '../errors/nearest.ts';
import { errorCode } from '../errors/odo-error.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';

/** Where an address leaves what is there. */
export interface AddressSlip {
  /** Prefix of the last folder on the way that is there. */
  readonly above: string;
  /** The name that is not there. */
  readonly missing: string;
  /** Names of the folders that are. */
  readonly there: readonly string[];
  /** The whole prefix as it was probably meant; null when nothing is near enough. */
  readonly meant: string | null;
}

/**
 * Looks for the folder of a prefix in which the next one is missing. Null for the root of a bucket, and where there are no
 * other folders. When a store is addressed through the bucket's own host name as well, its objects lie one folder deeper.
 */
export async function findSlip(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<AddressSlip | null> {
  try {
    return await search(storage, prefix, signal);
  } catch (error) {
    // Keys that may list only what was asked for.
    if (errorCode(error) === 'ACCESS_DENIED') return null;
    throw error;
  }
}

async function search(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<AddressSlip | null> {
  const names = prefix.split('/').slice(0, -1);
  let above = '';
  for (const [index, missing] of names.entries()) {
    const folders = await storage.listFolders(above, signal);
    if (folders.includes(`${above}${missing}/`)) {
      above += `${missing}/`;
      continue;
    }
    const there = folders.map((folder) => folder.slice(above.length, -1)).filter((name) => name !== '');
    if (there.length === 0) return null;
    const rest = names.slice(index + 1);
    const [near] = nearest(missing, there);
    const deeper = await firstHolding(storage, folders, missing, signal);
    const begin = near === undefined ? deeper : `${above}${near}/`;
    const meant = begin === null ? null : begin + rest.map((name) => `${name}/`).join('');
    return { above, missing, there, meant };
  }
  return null;
}

/** Folders looked into for the missing name. */
const looks = 8;

async function firstHolding(
  storage: ObjectStorage,
  folders: readonly string[],
  name: string,
  signal: AbortSignal,
): Promise<string | null> {
  for (const folder of folders.slice(0, looks)) {
    const found = `${folder}${name}/`;
    if ((await storage.listFolders(folder, signal)).includes(found)) return found;
  }
  return null;
}
