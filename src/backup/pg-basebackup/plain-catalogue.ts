import { parseBackupLabel } from '../../postgres/backup-label.ts';
import { incrementalTarget } from '../../postgres/incremental-file.ts';
import { parsePgVersion } from '../../postgres/server-version.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { BaseBackup } from '../base-backup.ts';
import { blankBackup, unlessUnreadable } from '../blank-backup.ts';
import { incrementalFactsOf } from './incremental-facts.ts';
import { controlName, labelName, nameOfLabel, versionName } from './layout.ts';
import { readManifestEnds } from './manifest-ends.ts';
import { listPlainFiles, type PlainFiles, treesOf } from './plain-files.ts';
import { startOfLabel } from './start-of-label.ts';

/** One backup made with `pg_basebackup -Fp`: the data directory itself lies in the folder. */
export async function describePlainBackup(
  storage: ObjectStorage,
  prefix: string,
  folder: string,
  signal: AbortSignal,
): Promise<BaseBackup> {
  const found = await listPlainFiles(storage, folder, signal);
  const trees = treesOf(folder, found.files);
  const last = found.manifest ?? found.files.get(controlName) ?? found.files.get(versionName);
  const storedBytes = [...found.files.values()].reduce((sum, file) => sum + file.sizeBytes, 0);
  const backup = blankBackup({
    id: folder === prefix ? '.' : folder.slice(prefix.length).replace(/\/$/, ''),
    format: 'pg-basebackup',
    folder,
    status: 'complete',
    // When its last file was stored: the label's times are in the server's own zone.
    finishedAt: last?.modifiedAt ?? null,
    storedBytes,
    dataBytes: storedBytes,
    tablespaces: trees.flatMap(({ content }) =>
      content === 'data' ? [] : [{ oid: content.tablespace, name: null, location: null }],
    ),
  });
  const missing = incompleteness(found);
  if (missing !== null) return { ...backup, status: 'incomplete', problem: missing };
  return unlessUnreadable(backup, signal, () => withFacts(storage, backup, found, signal));
}

function incompleteness({ files, isUnfinished }: PlainFiles): string | null {
  if (isUnfinished) return 'Its manifest is still backup_manifest.tmp: it still runs, or was killed.';
  if (!files.has(labelName)) {
    return 'It is a data directory without backup_label: no online backup, or a server works on it.';
  }
  const lacking = [versionName, controlName].find((name) => !files.has(name));
  return lacking === undefined ? null : `It has no ${lacking}: its copy was not finished.`;
}

async function withFacts(
  storage: ObjectStorage,
  backup: BaseBackup,
  { files, manifest }: PlainFiles,
  signal: AbortSignal,
): Promise<BaseBackup> {
  const textOf = async (name: string) =>
    new TextDecoder().decode(await storage.readSmall(backup.folder + name, signal));
  const ends =
    manifest === null
      ? { systemIdentifier: null, endLsn: null }
      : await readManifestEnds(storage, manifest, signal);
  const label = parseBackupLabel(await textOf(labelName));
  const facts: BaseBackup = {
    ...backup,
    name: nameOfLabel(label.label),
    startedAt: startOfLabel(label.startTime),
    serverMajor: parsePgVersion(await textOf(versionName)),
    systemIdentifier: ends.systemIdentifier,
    timeline: label.timeline,
    beginLsn: label.startLsn,
    endLsn: ends.endLsn,
    codec: 'none',
    holdsWal: (files.get(`pg_wal/${label.startSegment}`)?.sizeBytes ?? 0) > 0,
  };
  const { incremental } = incrementalFactsOf(label);
  if (incremental !== undefined) return { ...facts, incremental };
  if (![...files.keys()].some((path) => incrementalTarget(path) !== null)) return facts;
  return {
    ...facts,
    status: 'incremental',
    problem: 'It holds incremental files, but its backup_label does not say what it builds on.',
  };
}
