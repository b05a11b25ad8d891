import type { ErrorData } from '../../errors/serialize.ts';
import { type BackupLabel, parseBackupLabel } from '../../postgres/backup-label.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import { defaultSegmentBytes, timelineOfName } from '../../postgres/wal-segment.ts';
import type { WalPlace } from '../backup-format.ts';
import { problem } from '../problem.ts';
import { planArchiveWal } from '../wal-archive.ts';
import type { WalLayout } from '../wal-inventory.ts';
import type { WantedEnd } from '../wanted-end.ts';
import { readWholeDecoded } from '../whole-object.ts';
import { type FoundBackup, noWal, type PlannedWal, segmentBytesOf } from './segments-plan.ts';

/** What of the WAL a pg_basebackup gets from an archive that the operator named. */
export async function planOuterWal(
  place: WalPlace,
  { backup, label, manifest }: FoundBackup,
  wanted: WantedEnd,
  signal: AbortSignal,
): Promise<PlannedWal> {
  const archive = await findOuterArchive(place, signal);
  if ('code' in archive) return { ...noWal, problems: [archive] };
  const segmentBytes = segmentBytesOf(null, label) ?? defaultSegmentBytes;
  const [range] = manifest?.walRanges ?? [];
  const end =
    range === undefined
      ? await readRecordedEnd(place, archive, { label, segmentBytes }, signal)
      : { lsn: range.endLsn, timeline: range.timeline };
  const planned = await planArchiveWal(
    place.storage,
    {
      backupId: backup.id,
      ...archive,
      timeline: label.timeline,
      endTimeline: end?.timeline ?? label.timeline,
      beginLsn: label.startLsn,
      endLsn: end?.lsn ?? label.startLsn,
      segmentBytes,
      systemIdentifier: manifest?.systemIdentifier ?? backup.systemIdentifier,
    },
    signal,
    wanted,
  );
  const unknownEnd =
    'Where the backup ended is recorded neither in a manifest nor in the archive (a file *.backup): whether the WAL reaches so far shows only in recovery.';
  return {
    ...planned,
    plan: planned.plan === null ? null : { ...planned.plan, isElsewhere: true },
    serverMajor: null,
    warnings: end === null ? [unknownEnd, ...planned.warnings] : planned.warnings,
  };
}

/** The one archive at the place that the operator named, or why there is not exactly one. */
export async function findOuterArchive(
  place: WalPlace,
  signal: AbortSignal,
): Promise<WalArchive | ErrorData> {
  const archives = await findWalArchives(place, signal);
  const [archive, second] = archives;
  const named = `${place.storage.description.replace(/ at .*$/, '')}/${place.prefix}`;
  if (archive === undefined) {
    return problem(
      'WAL_MISSING',
      `There is no WAL archive at ${named}: neither segments, nor wals/ (barman-cloud), nor wal_005/ (WAL-G).`,
      'Check the address given with --wal-url.',
      { prefix: place.prefix },
    );
  }
  if (second === undefined) return archive;
  const folders = archives.map(({ walFolder }) => walFolder);
  return problem(
    'CHOICE_NEEDED',
    `${named} holds the WAL archives of ${archives.length} servers: ${folders.join(', ')}.`,
    'Give the folder of the one that the backup is of with --wal-url.',
    { folders },
  );
}

export interface WalArchive {
  readonly walFolder: string;
  readonly walLayout: WalLayout;
}

/** Objects that are looked at to see whether a folder holds segments. */
const looksAtMost = 1000;

/** At the address itself, in the folder that a tool makes there, or in that of each server right below. */
async function findWalArchives({ storage, prefix }: WalPlace, signal: AbortSignal): Promise<WalArchive[]> {
  const folders = await storage.listFolders(prefix, signal);
  const here = archiveAmong(prefix, folders);
  if (here !== null) return [here];
  let looked = 0;
  for await (const { key } of storage.list(prefix, { signal })) {
    if (parseWalFileName(key.slice(prefix.length))?.kind === 'segment')
      return [{ walFolder: prefix, walLayout: 'flat' }];
    looked += 1;
    if (looked === looksAtMost) break;
  }
  const below: WalArchive[] = [];
  for (const folder of folders) {
    const found = archiveAmong(folder, await storage.listFolders(folder, signal));
    if (found !== null) below.push(found);
  }
  return below;
}

function archiveAmong(prefix: string, folders: readonly string[]): WalArchive | null {
  const names = folders.map((folder) => folder.slice(prefix.length));
  if (names.includes('wals/')) return { walFolder: `${prefix}wals/`, walLayout: 'folders' };
  if (names.includes('wal_005/')) return { walFolder: `${prefix}wal_005/`, walLayout: 'flat' };
  const holdsSegments = names.some((name) => /^[0-9A-F]{16}\/$/.test(name));
  return holdsSegments ? { walFolder: prefix, walLayout: 'folders' } : null;
}

/**
 * The backup history file that the primary archives when a backup ends (xlog.c, `do_pg_backup_stop`); there is none of
 * a backup that was taken from a standby.
 */
export async function readRecordedEnd(
  { storage }: WalPlace,
  { walFolder, walLayout }: WalArchive,
  {
    label,
    segmentBytes,
  }: { label: Pick<BackupLabel, 'startLsn' | 'startSegment' | 'timeline'>; segmentBytes: number },
  signal: AbortSignal,
): Promise<{ lsn: string; timeline: number } | null> {
  const folder = walLayout === 'flat' ? walFolder : `${walFolder}${label.startSegment.slice(0, 16)}/`;
  const offset = Number(parseLsn(label.startLsn) % BigInt(segmentBytes));
  const name = `${label.startSegment}.${offset.toString(16).toUpperCase().padStart(8, '0')}.backup`;
  for await (const object of storage.list(folder + name, { signal })) {
    if (parseWalFileName(object.key.slice(folder.length))?.name !== name) continue;
    const text = new TextDecoder().decode(await readWholeDecoded(storage, object, signal));
    const { stopLsn, stopSegment } = parseBackupLabel(text);
    if (stopLsn !== null && stopSegment !== null)
      return { lsn: stopLsn, timeline: timelineOfName(stopSegment) ?? label.timeline };
  }
  return null;
}
