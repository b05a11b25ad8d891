import { majorOfVersionNumber } from '../../postgres/server-version.ts';
import { timelineOfName } from '../../postgres/wal-segment.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import { canBeRead } from '../archive-objects.ts';
import type { BackupStatus, BaseBackup, Codec } from '../base-backup.ts';
import { blankBackup, unlessUnreadable } from '../blank-backup.ts';
import { sniffCodec } from '../codec-magic.ts';
import { mapLimited } from '../map-limited.ts';
import { readFirstBytes } from '../object-head.ts';
import { type BackupInfo, parseBackupInfo } from './backup-info.ts';
import { findServers } from './find-servers.ts';
import { listStrayAnnotations, readKeepAnnotation } from './keep-annotations.ts';
import { baseFolder, folderName, isBackupId, walFolder } from './layout.ts';
import { candidateOf, inRestoreOrder, missingParts } from './parts.ts';

/** backup.info files read at the same time. */
const readsAtOnce = 8;

/** Every backup of every server below the prefix; one that cannot be read is listed as such. */
export async function listBarmanBackups(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<BaseBackup[]> {
  const found: { server: string; folder: string; stray: StoredObject[] }[] = [];
  for (const server of await findServers(storage, prefix, signal)) {
    const strays = await listStrayAnnotations(storage, server, signal);
    for (const folder of await storage.listFolders(baseFolder(server), signal)) {
      const id = folderName(folder);
      if (!isBackupId(id)) continue;
      found.push({ server, folder, stray: strays.filter(({ key }) => key.includes(`/base/${id}/`)) });
    }
  }
  return mapLimited(found, readsAtOnce, ({ server, folder, stray }) =>
    describeBackup(storage, server, folder, stray, signal),
  );
}

async function describeBackup(
  storage: ObjectStorage,
  serverFolder: string,
  folder: string,
  stray: readonly StoredObject[],
  signal: AbortSignal,
): Promise<BaseBackup> {
  const objects: StoredObject[] = [];
  for await (const object of storage.list(folder, { signal })) objects.push(object);
  const candidates = objects.map((object) => candidateOf(object, folder)).filter((part) => part !== null);
  const parts = candidates.toSorted(inRestoreOrder).map(({ object }) => object);
  const backup = blankBackup({
    id: folderName(folder),
    format: 'barman-cloud',
    folder,
    // At the root of a bucket the server's folder is the bucket itself and has no name.
    server: folderName(serverFolder) || null,
    walFolder: walFolder(serverFolder),
    status: 'incomplete',
    storedBytes: parts.reduce((sum, object) => sum + object.sizeBytes, 0),
  });
  if (!objects.some((object) => object.key === `${folder}backup.info`)) {
    return { ...backup, problem: 'It has no backup.info: it still runs, was killed, or its upload failed.' };
  }
  return unlessUnreadable(backup, signal, async () => {
    const info = await readBackupInfo(storage, folder, signal);
    const judged = judge(info, parts.length);
    const [missing] = judged.status === 'complete' ? missingParts(backup, info.tablespaces, candidates) : [];
    const { status, problem } =
      missing === undefined ? judged : { status: 'incomplete' as const, problem: missing.message };
    const kept = await readKeepAnnotation(storage, [...objects, ...stray], signal);
    return {
      ...backup,
      name: info.name,
      status,
      problem,
      startedAt: info.beginTime,
      finishedAt: info.endTime,
      dataBytes: info.clusterBytes,
      serverMajor: info.versionNumber === null ? null : majorOfVersionNumber(info.versionNumber),
      serverVersion: info.versionNumber,
      systemIdentifier: info.systemIdentifier,
      timeline: info.timeline,
      beginLsn: info.beginLsn,
      endLsn: info.endLsn,
      tablespaces: info.tablespaces,
      codec: status === 'complete' ? await codecOf(storage, parts, signal) : null,
      endTimeline: info.endSegment === null ? null : timelineOfName(info.endSegment),
      segmentBytes: info.segmentBytes,
      ...(kept === null ? {} : { kept }),
    };
  });
}

/** backup.info does not tell it, and names lie: the first bytes of one archive do not. */
async function codecOf(
  storage: ObjectStorage,
  parts: readonly StoredObject[],
  signal: AbortSignal,
): Promise<Codec | null> {
  const part = parts.find(canBeRead);
  return part === undefined ? null : sniffCodec(await readFirstBytes(storage, part, signal));
}

export async function readBackupInfo(
  storage: ObjectStorage,
  folder: string,
  signal: AbortSignal,
): Promise<BackupInfo> {
  return parseBackupInfo(new TextDecoder().decode(await storage.readSmall(`${folder}backup.info`, signal)));
}

/** What the backup's own metadata says about restoring it; what is in the tars and the WAL are looked at later. */
export function judge(info: BackupInfo, parts: number): { status: BackupStatus; problem: string | null } {
  if (info.isSnapshot) {
    return {
      status: 'snapshot',
      problem:
        'It is a volume snapshot: its data lies in the cloud provider’s disk snapshots, not in the bucket.',
    };
  }
  if (info.parentBackupId !== null) {
    return {
      status: 'incremental',
      problem: `It is incremental to ${info.parentBackupId} and must be combined with it first (pg_combinebackup).`,
    };
  }
  if (info.status === 'FAILED') {
    return {
      status: 'failed',
      problem: `barman recorded it as FAILED: ${info.error ?? 'no reason recorded'}.`,
    };
  }
  if (info.status !== 'DONE' && info.status !== 'WAITING_FOR_WALS') {
    return { status: 'incomplete', problem: `Its status is ${info.status}: it still runs, or was killed.` };
  }
  if (parts === 0) {
    return { status: 'incomplete', problem: 'Its data objects are gone; only backup.info is left.' };
  }
  if (info.beginLsn === null || info.endLsn === null) {
    return {
      status: 'incomplete',
      problem: 'Its backup.info does not say where in the WAL it begins and ends.',
    };
  }
  return { status: 'complete', problem: null };
}
