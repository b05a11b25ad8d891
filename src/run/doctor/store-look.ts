import { isNewer } from '../../backup/backup-order.ts';
import type { BaseBackup } from '../../backup/base-backup.ts';
import { listBackups } from '../../backup/catalogue.ts';
import { OdoError } from '../../errors/odo-error.ts';
import type { SourceRequest } from '../../steps/restore-request.ts';
import type { SourceCredentials } from '../../storage/credentials.ts';
import { readBytes } from '../../storage/object-reader.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import { openStorage } from '../../storage/open-storage.ts';
import { clockAhead } from '../../storage/store-clock.ts';

/** Names looked at for an object that holds something. */
const longestLook = 200;

/** A store that neither answers nor refuses is given up then: a run would be more patient. @unit ms */
const patienceMs = 45_000;

/** How far one store could be used; the first thing that did not work is the error. */
export interface StoreLook {
  /** `s3://bucket at https://endpoint`, or the address when it could not even be opened. */
  readonly description: string;
  readonly url: string;
  readonly isListed: boolean;
  /** The object of which a byte was read; null when none was. */
  readonly readKey: string | null;
  /** Null: not looked for (an archive of WAL), or not found. */
  readonly backups: { readonly count: number; readonly newest: BaseBackup } | null;
  /** How far this machine's clock is ahead of the store's; null when it told no time. @unit ms */
  readonly clockAheadMs: number | null;
  readonly error: unknown;
}

export async function lookAtStore(
  source: SourceRequest,
  options: {
    readonly server: string | null;
    readonly credentials: SourceCredentials | null;
    readonly signal: AbortSignal;
    readonly isWalArchive?: true;
  },
): Promise<StoreLook> {
  const { credentials, server } = options;
  const patience = AbortSignal.timeout(patienceMs);
  const signal = AbortSignal.any([options.signal, patience]);
  const look = {
    description: source.url,
    url: source.url,
    isListed: false,
    readKey: null as string | null,
    backups: null as StoreLook['backups'],
    clockAheadMs: null as number | null,
    error: null as unknown,
  };
  let opened: { storage: ObjectStorage; prefix: string } | null = null;
  try {
    opened = await openStorage({ ...source, credentials });
    const { storage, prefix } = opened;
    look.description = storage.description;
    const object = await firstObject(storage, prefix, signal);
    look.isListed = true;
    if (object !== null) {
      await readBytes(storage, object, { from: 0, to: 1 }, signal);
      look.readKey = object.key;
    }
    if (options.isWalArchive !== true) {
      const backups = await listBackups(storage, prefix, {
        ...(server === null ? {} : { server }),
        signal,
      });
      const newest = backups.reduce((best, one) => (isNewer(one, best) ? one : best));
      look.backups = { count: backups.length, newest };
    } else if (object === null) {
      throw new OdoError('OBJECT_NOT_FOUND', `There is nothing in ${source.url}.`, {
        hint: 'Check --wal-url: it names the folder of the segments, or the archive above it.',
      });
    }
  } catch (error) {
    options.signal.throwIfAborted();
    look.error = patience.aborted ? silent(look.description) : error;
  }
  if (opened !== null) {
    look.clockAheadMs = await clockAhead(opened.storage, signal).catch(() => null);
    opened.storage.close();
  }
  options.signal.throwIfAborted();
  return look;
}

const silent = (description: string): OdoError =>
  new OdoError('STORAGE_UNAVAILABLE', `${description} did not answer within ${patienceMs / 1000} seconds.`, {
    hint: 'Check the endpoint’s address (-e), the network and the store’s health.',
  });

/** One with something to read; null when nothing lies there. */
async function firstObject(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<StoredObject | null> {
  let seen = 0;
  for await (const object of storage.list(prefix, { signal })) {
    if (object.sizeBytes > 0) return object;
    seen += 1;
    if (seen === longestLook) break;
  }
  return null;
}
