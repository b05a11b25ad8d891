import { errorCode } from '../../errors/odo-error.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import type { BaseBackup } from '../base-backup.ts';

type Kept = NonNullable<BaseBackup['kept']>;

const annotation = 'annotations/keep';

/** What `barman-cloud-backup-keep` wrote into a backup's folder; null when it was not used, or wrote something else. */
export async function readKeepAnnotation(
  storage: ObjectStorage,
  objects: readonly StoredObject[],
  signal: AbortSignal,
): Promise<Kept | null> {
  const found = objects.find(({ key }) => key.endsWith(`/${annotation}`));
  if (found === undefined) return null;
  const text = new TextDecoder().decode(await storage.readSmall(found.key, signal)).trim();
  return text === 'full' || text === 'standalone' ? text : null;
}

/**
 * Annotations beside a server's folder: when the address that barman got ends with a slash, it puts a second one into
 * their keys, and only there (`a//main/base/<id>/annotations/keep`). None for keys that may list only the server's own
 * folder: the rights that odo asks for do not reach beyond the address it was given.
 */
export async function listStrayAnnotations(
  storage: ObjectStorage,
  serverFolder: string,
  signal: AbortSignal,
): Promise<StoredObject[]> {
  const at = serverFolder.lastIndexOf('/', serverFolder.length - 2) + 1;
  if (at === 0) return [];
  const prefix = `${serverFolder.slice(0, at)}/${serverFolder.slice(at)}base/`;
  const found: StoredObject[] = [];
  try {
    for await (const object of storage.list(prefix, { signal })) {
      if (object.key.endsWith(`/${annotation}`)) found.push(object);
    }
  } catch (error) {
    if (errorCode(error) !== 'ACCESS_DENIED') throw error;
  }
  return found;
}
