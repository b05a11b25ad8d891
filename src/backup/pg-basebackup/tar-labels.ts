import { type BackupLabel, parseBackupLabel } from '../../postgres/backup-label.ts';
import { parsePgVersion } from '../../postgres/server-version.ts';
import { parseTablespaceMap, type TablespaceMapEntry } from '../../postgres/tablespace-map.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { Codec } from '../base-backup.ts';
import { firstBlockBytes, type PinnedObject, readDecodedHead } from '../object-head.ts';
import { scanTarHead } from '../tar-head.ts';

/** Labels and maps are far smaller. @unit bytes */
const textBytes = 1024 * 1024;

export interface TarLabels {
  /** Null when the tar does not begin with one: not an online backup, or not made by pg_basebackup. */
  readonly label: BackupLabel | null;
  /** Empty without tablespaces. */
  readonly map: readonly TablespaceMapEntry[];
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The first members of base.tar: the server sends backup_label, then tablespace_map, then the rest (basebackup.c). */
export async function readTarLabels(
  storage: ObjectStorage,
  object: PinnedObject,
  codec: Codec,
  signal: AbortSignal,
): Promise<TarLabels> {
  let label: BackupLabel | null = null;
  const chunks = readDecodedHead(storage, object, codec, { signal, limitBytes: firstBlockBytes });
  for await (const member of scanTarHead(chunks, { headBytes: textBytes })) {
    if (member.name === 'backup_label') {
      label = parseBackupLabel(textOf(member.head));
    } else if (member.name === 'tablespace_map') {
      return { label, map: parseTablespaceMap(textOf(member.head)) };
    } else {
      break;
    }
  }
  return { label, map: [] };
}

/** Name of the first member that is not the root itself; null when the archive has none. */
export async function firstMemberOf(
  storage: ObjectStorage,
  object: PinnedObject,
  codec: Codec,
  signal: AbortSignal,
): Promise<string | null> {
  const chunks = readDecodedHead(storage, object, codec, { signal, limitBytes: firstBlockBytes });
  for await (const { name } of scanTarHead(chunks, { headBytes: 0 })) if (name !== '') return name;
  return null;
}

/** The major in PG_VERSION, which may stand anywhere in base.tar; null when it is not within the first stored bytes. */
export async function findServerMajor(
  storage: ObjectStorage,
  object: PinnedObject,
  codec: Codec,
  options: { signal: AbortSignal; limitBytes: number },
): Promise<number | null> {
  const chunks = readDecodedHead(storage, object, codec, options);
  for await (const member of scanTarHead(chunks, { headBytes: 64 })) {
    if (member.name === 'PG_VERSION' || /^base\/\d+\/PG_VERSION$/.test(member.name)) {
      return parsePgVersion(textOf(member.head));
    }
  }
  return null;
}
