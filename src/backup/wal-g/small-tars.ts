import { type BackupLabel, parseBackupLabel } from '../../postgres/backup-label.ts';
import { type ControlFile, parseControlFile } from '../../postgres/control-file.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { ArchiveObject } from '../base-backup.ts';
import { readDecodedHead } from '../object-head.ts';
import { scanTarHead } from '../tar-head.ts';

/** Both tars hold some KiB; with `pg_control` of 8 KiB, the limit is generous. @unit bytes */
const limitBytes = 1024 * 1024;

async function memberOf(
  storage: ObjectStorage,
  archive: ArchiveObject,
  name: string,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const chunks = readDecodedHead(storage, archive, archive.codec, { signal, limitBytes });
  for await (const member of scanTarHead(chunks, { headBytes: limitBytes })) {
    if (member.name === name) return member.head;
  }
  return null;
}

/** The control file in `pg_control.tar`; null when it is not there. @throws FORMAT_UNKNOWN, ARCHIVE_CORRUPT */
export async function readControlTar(
  storage: ObjectStorage,
  archive: ArchiveObject,
  signal: AbortSignal,
): Promise<ControlFile | null> {
  const bytes = await memberOf(storage, archive, 'global/pg_control', signal);
  return bytes === null ? null : parseControlFile(bytes);
}

/** The label in `backup_label.tar`; null when it is not there. @throws FORMAT_UNKNOWN, ARCHIVE_CORRUPT */
export async function readLabelTar(
  storage: ObjectStorage,
  archive: ArchiveObject,
  signal: AbortSignal,
): Promise<BackupLabel | null> {
  const bytes = await memberOf(storage, archive, 'backup_label', signal);
  return bytes === null ? null : parseBackupLabel(new TextDecoder().decode(bytes));
}
