import type { ErrorData } from '../../errors/serialize.ts';
import { type BackupLabel, parseBackupLabel } from '../../postgres/backup-label.ts';
import type { BackupManifest } from '../../postgres/backup-manifest.ts';
import { type ControlFile, parseControlFile } from '../../postgres/control-file.ts';
import { parsePgVersion } from '../../postgres/server-version.ts';
import { parseTablespaceMap, type TablespaceMapEntry } from '../../postgres/tablespace-map.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import { attempt } from '../attempt.ts';
import type { BaseBackup } from '../base-backup.ts';
import { problem } from '../problem.ts';
import { majorProblems } from '../refused-backup.ts';
import { controlName, labelName, mapName, versionName } from './layout.ts';

/** What the small files of a data directory tell. */
export interface PlainFacts {
  readonly label: BackupLabel | null;
  readonly control: ControlFile | null;
  readonly serverMajor: number | null;
  /** Empty where there is none: pg_basebackup makes one for tars only. */
  readonly map: readonly TablespaceMapEntry[];
}

export async function readFacts(
  storage: ObjectStorage,
  folder: string,
  files: ReadonlyMap<string, StoredObject>,
  problems: ErrorData[],
  signal: AbortSignal,
): Promise<PlainFacts> {
  const read = <T>(name: string, parse: (bytes: Uint8Array) => T): Promise<T | null> =>
    files.has(name)
      ? attempt(problems, signal, async () => parse(await storage.readSmall(folder + name, signal)))
      : Promise.resolve(null);
  const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    label: await read(labelName, (bytes) => parseBackupLabel(textOf(bytes))),
    control: await read(controlName, parseControlFile),
    map: (await read(mapName, (bytes) => parseTablespaceMap(textOf(bytes)))) ?? [],
    serverMajor: await read(versionName, (bytes) => parsePgVersion(textOf(bytes))),
  };
}

/** Files of one folder that are not of one cluster, or of one that odo does not restore. */
export function contradictions(
  backup: BaseBackup,
  { control, serverMajor }: PlainFacts,
  manifest: BackupManifest | null,
): ErrorData[] {
  const problems = majorProblems(backup.id, serverMajor);
  if (control === null) return problems;
  const stated = manifest?.systemIdentifier ?? null;
  const differs =
    control.serverMajor !== null && serverMajor !== null && control.serverMajor !== serverMajor
      ? `pg_control is of PostgreSQL ${control.serverMajor}, but PG_VERSION says ${serverMajor}`
      : stated !== null && stated !== control.systemIdentifier
        ? `pg_control is of the cluster ${control.systemIdentifier}, but the manifest of ${stated}`
        : null;
  if (differs === null) return problems;
  return [
    ...problems,
    problem(
      'BACKUP_INCOMPLETE',
      `The files of backup ${backup.id} do not belong together: ${differs}.`,
      'Several backups were copied into one folder. Upload the backup again into an empty one, or choose another.',
    ),
  ];
}
