import { majorOfVersionNumber } from '../../postgres/server-version.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import { canBeRead } from '../archive-objects.ts';
import type { BackupStatus, BaseBackup } from '../base-backup.ts';
import { blankBackup, unlessUnreadable } from '../blank-backup.ts';
import { codecOf } from '../codec-magic.ts';
import { mapLimited } from '../map-limited.ts';
import { readFirstBytes } from '../object-head.ts';
import { findRoots } from './find-roots.ts';
import {
  backupOfSentinel,
  backupsFolder,
  isBackupName,
  parsePartName,
  sentinelKey,
  timelineOfBackup,
  walFolder,
} from './layout.ts';
import { parseSentinel, type Sentinel } from './sentinel.ts';

/** Sentinels read at the same time. */
const readsAtOnce = 8;

/** Every backup of every cluster below the prefix; one that cannot be read is listed as such. */
export async function listWalgBackups(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<BaseBackup[]> {
  const backups: BaseBackup[] = [];
  for (const root of await findRoots(storage, prefix, signal)) {
    const found = await listFolder(storage, root, signal);
    backups.push(
      ...(await mapLimited([...found], readsAtOnce, ([id, seen]) =>
        describeBackup(storage, { root, id, ...seen }, signal),
      )),
    );
  }
  return backups;
}

interface Seen {
  hasSentinel: boolean;
  /** When the sentinel was stored: the last thing of a backup. */
  storedAt: string | null;
  storedBytes: number;
  part: StoredObject | null;
}

/** One listing shows sentinels and parts: the names of one backup stand together. */
async function listFolder(
  storage: ObjectStorage,
  root: string,
  signal: AbortSignal,
): Promise<Map<string, Seen>> {
  const folder = backupsFolder(root);
  const found = new Map<string, Seen>();
  for await (const object of storage.list(folder, { signal })) {
    const name = object.key.slice(folder.length);
    const ofSentinel = backupOfSentinel(name);
    const [id = '', place, part] = ofSentinel === null ? name.split('/') : [ofSentinel];
    if (!isBackupName(id)) continue;
    const seen = found.get(id) ?? { hasSentinel: false, storedAt: null, storedBytes: 0, part: null };
    found.set(id, seen);
    if (ofSentinel !== null) Object.assign(seen, { hasSentinel: true, storedAt: object.modifiedAt });
    else if (place === 'tar_partitions' && parsePartName(part ?? '')) {
      seen.storedBytes += object.sizeBytes;
      if (canBeRead(object)) seen.part ??= object;
    }
  }
  return found;
}

async function describeBackup(
  storage: ObjectStorage,
  found: Seen & { root: string; id: string },
  signal: AbortSignal,
): Promise<BaseBackup> {
  const { root, id, storedBytes } = found;
  const backup = blankBackup({
    id,
    format: 'wal-g',
    folder: `${backupsFolder(root)}${id}/`,
    // At the root of a bucket the cluster's folder is the bucket itself and has no name.
    server: root.split('/').at(-2) ?? null,
    walFolder: walFolder(root),
    status: 'incomplete',
    finishedAt: found.storedAt,
    storedBytes,
    timeline: timelineOfBackup(id),
  });
  if (!found.hasSentinel) {
    return { ...backup, problem: 'It has no sentinel: it still runs, was killed, or its upload failed.' };
  }
  return unlessUnreadable(backup, signal, async () => {
    const sentinel = await readSentinel(storage, backup, signal);
    const codec =
      found.part === null ? null : codecOf(await readFirstBytes(storage, found.part, signal), found.part.key);
    return { ...withFacts(backup, sentinel), codec, ...judge(id, sentinel, storedBytes) };
  });
}

export async function readSentinel(
  storage: ObjectStorage,
  backup: Pick<BaseBackup, 'folder' | 'id'>,
  signal: AbortSignal,
): Promise<Sentinel> {
  const root = backup.folder.slice(0, -`${backupsFolder('')}${backup.id}/`.length);
  return parseSentinel(
    new TextDecoder().decode(await storage.readSmall(sentinelKey(root, backup.id), signal)),
  );
}

export function withFacts(backup: BaseBackup, sentinel: Sentinel): BaseBackup {
  const { versionNumber } = sentinel;
  const { kept: _, ...rest } = backup;
  return {
    ...rest,
    name: sentinel.userData,
    startedAt: sentinel.startedAt,
    finishedAt: sentinel.finishedAt ?? backup.finishedAt,
    dataBytes: sentinel.dataBytes,
    serverMajor: versionNumber === null ? null : majorOfVersionNumber(versionNumber),
    serverVersion: versionNumber,
    systemIdentifier: sentinel.systemIdentifier,
    beginLsn: sentinel.beginLsn,
    endLsn: sentinel.endLsn,
    tablespaces: sentinel.tablespaces,
    ...(sentinel.isPermanent ? { kept: 'standalone' } : {}),
  };
}

/** What the sentinel says about restoring the backup; the tars and the WAL are looked at later. */
export function judge(
  id: string,
  sentinel: Sentinel,
  storedBytes: number,
): { status: BackupStatus; problem: string | null } {
  const { deltaFrom, deltaFullName } = sentinel;
  if (deltaFrom !== null || id.includes('_D_')) {
    const instead =
      deltaFullName === null
        ? 'a full backup'
        : `the full backup it builds on, with --backup ${deltaFullName}`;
    return {
      status: 'incremental',
      problem: `It is a delta to ${deltaFrom ?? 'another backup'}: it holds only what has changed since. Restore ${instead}; the archived WAL leads from there to the same end.`,
    };
  }
  if (storedBytes === 0) {
    return { status: 'incomplete', problem: 'Its tars are gone; only its sentinel is left.' };
  }
  return { status: 'complete', problem: null };
}
