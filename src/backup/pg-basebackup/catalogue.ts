import { isReadable } from '../../archive/open-decoder.ts';
import { errorCode } from '../../errors/odo-error.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import type { ArchiveObject, BaseBackup, Tablespace } from '../base-backup.ts';
import { blankBackup, unlessUnreadable } from '../blank-backup.ts';
import { sniffCodec } from '../codec-magic.ts';
import { mapLimited } from '../map-limited.ts';
import { firstBlockBytes, readFirstBytes } from '../object-head.ts';
import { followChains } from './chain.ts';
import { type BackupFolder, findBackupFolders } from './find-folders.ts';
import { incrementalFactsOf } from './incremental-facts.ts';
import {
  begunName,
  finishedName,
  manifestName,
  nameOfLabel,
  parseTarName,
  unfinishedManifestName,
} from './layout.ts';
import { readManifestEnds } from './manifest-ends.ts';
import { describePlainBackup } from './plain-catalogue.ts';
import { startOfLabel } from './start-of-label.ts';
import { readTakenFacts } from './taken-facts.ts';
import { readTarLabels } from './tar-labels.ts';
import { endsWithWal, scanWalTar } from './wal-tar.ts';

const looksAtOnce = 4;

/** The files of one backup, by what they are. */
export interface BackupFiles {
  readonly tars: readonly { readonly object: StoredObject; readonly content: ArchiveObject['content'] }[];
  readonly manifest: StoredObject | null;
  /** Only a manifest that was never finished is there. */
  readonly isUnfinished: boolean;
  /** What `odo backup` left: its document, or only the mark that it began. */
  readonly taken: { readonly isBegun: boolean; readonly document: StoredObject | null };
}

export async function listBaseBackups(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<BaseBackup[]> {
  const folders = await findBackupFolders(storage, prefix, signal);
  const backups = await describeAll(storage, prefix, folders, signal);
  return followChains(backups, (folder) => listSiblings(storage, prefix, folder, signal));
}

async function describeAll(
  storage: ObjectStorage,
  prefix: string,
  folders: readonly BackupFolder[],
  signal: AbortSignal,
): Promise<BaseBackup[]> {
  return mapLimited(folders, looksAtOnce, ({ folder, form }) =>
    form === 'tar'
      ? describeBackup(storage, prefix, folder, signal)
      : describePlainBackup(storage, prefix, folder, signal),
  );
}

/** Backups beside a folder, when they are not below `prefix` anyway. */
async function listSiblings(
  storage: ObjectStorage,
  prefix: string,
  folder: string,
  signal: AbortSignal,
): Promise<BaseBackup[]> {
  const parent = folder.replace(/[^/]+\/$/, '');
  if (parent === folder || parent.startsWith(prefix)) return [];
  const folders = await findBackupFolders(storage, parent, signal, 1).catch((error: unknown) => {
    // Credentials may be good for the address that was given, and no more.
    if (errorCode(error) !== 'ACCESS_DENIED') throw error;
    return [];
  });
  const others = folders.filter((other) => other.folder !== folder);
  const siblings = await describeAll(storage, parent, others, signal);
  return siblings.map((backup) => ({ ...backup, id: `../${backup.id}` }));
}

export async function listBackupFiles(
  storage: ObjectStorage,
  folder: string,
  signal: AbortSignal,
): Promise<BackupFiles> {
  const tars: BackupFiles['tars'][number][] = [];
  let manifest: StoredObject | null = null;
  let unfinished = false;
  let isBegun = false;
  let document: StoredObject | null = null;
  for await (const object of storage.list(folder, { signal })) {
    const name = object.key.slice(folder.length);
    const content = parseTarName(name);
    if (content !== null) tars.push({ object, content });
    else if (name === manifestName) manifest = object;
    else if (name === unfinishedManifestName) unfinished = true;
    else if (name === begunName) isBegun = true;
    else if (name === finishedName) document = object;
  }
  return { tars, manifest, isUnfinished: unfinished && manifest === null, taken: { isBegun, document } };
}

async function describeBackup(
  storage: ObjectStorage,
  prefix: string,
  folder: string,
  signal: AbortSignal,
): Promise<BaseBackup> {
  const files = await listBackupFiles(storage, folder, signal);
  const base = files.tars.find((tar) => tar.content === 'data')?.object ?? null;
  const hasWalTar = files.tars.some(({ content, object }) => content === 'wal' && object.sizeBytes > 0);
  const finished = files.manifest ?? base;
  const oids = files.tars.flatMap(({ content }) => (typeof content === 'object' ? [content.tablespace] : []));
  const backup = blankBackup({
    id: folder === prefix ? '.' : folder.slice(prefix.length).replace(/\/$/, ''),
    format: 'pg-basebackup',
    folder,
    status: 'complete',
    // When its last file was stored: the label's times are in the server's own zone.
    finishedAt: finished?.modifiedAt ?? null,
    storedBytes: files.tars.reduce((sum, { object }) => sum + object.sizeBytes, 0),
    tablespaces: oids.map((oid) => ({ oid, name: null, location: null })),
    // Without pg_wal.tar it is in base.tar (`-X fetch`) or nowhere (`-X none`).
    holdsWal: hasWalTar ? true : null,
  });
  if (base === null) return { ...backup, status: 'incomplete', problem: 'It has no base.tar.' };
  if (files.isUnfinished) {
    return {
      ...backup,
      status: 'incomplete',
      problem: 'Its manifest is still backup_manifest.tmp: it still runs, or was killed.',
    };
  }
  const { isBegun, document } = files.taken;
  if (isBegun && document === null) {
    return {
      ...backup,
      status: 'incomplete',
      problem: 'It has no odo-backup.json: odo backup still writes it, was killed, or was removing it.',
    };
  }
  return unlessUnreadable(backup, signal, async () => ({
    ...(await withFacts(storage, backup, base, files, signal)),
    ...(document === null ? {} : await readTakenFacts(storage, document, signal)),
  }));
}

async function withFacts(
  storage: ObjectStorage,
  backup: BaseBackup,
  base: StoredObject,
  files: BackupFiles,
  signal: AbortSignal,
): Promise<BaseBackup> {
  const { walInBase, ...ends } =
    files.manifest === null
      ? { systemIdentifier: null, endLsn: null, walInBase: null }
      : await readManifestEnds(storage, files.manifest, signal);
  const codec = sniffCodec(await readFirstBytes(storage, base, signal));
  // What this version cannot unpack is refused when it is inspected; the listing shows it without its facts.
  if (!isReadable(codec)) return { ...backup, ...ends, codec };
  const { label, map } = await readTarLabels(storage, base, codec, signal);
  if (label === null) {
    return {
      ...backup,
      status: 'incomplete',
      problem: 'Its base.tar does not begin with a backup_label: no online backup.',
    };
  }
  const facts: BaseBackup = {
    ...backup,
    codec,
    name: nameOfLabel(label.label),
    startedAt: startOfLabel(label.startTime),
    systemIdentifier: ends.systemIdentifier,
    timeline: label.timeline,
    beginLsn: label.startLsn,
    endLsn: ends.endLsn,
    tablespaces: mergeTablespaces(backup.tablespaces, map),
    ...incrementalFactsOf(label),
  };
  const wal = files.tars.find((tar) => tar.content === 'wal')?.object;
  if (wal === undefined) {
    const seen = codec === 'none' ? () => endsWithWal(storage, base, signal) : () => null;
    return { ...facts, holdsWal: walInBase ?? (await seen()) };
  }
  if (wal.sizeBytes === 0) return facts;
  const walCodec = sniffCodec(await readFirstBytes(storage, wal, signal));
  if (!isReadable(walCodec)) return facts;
  const options = { signal, limitBytes: firstBlockBytes, firstOnly: true };
  const { header } = await scanWalTar(storage, wal, walCodec, options);
  return {
    ...facts,
    serverMajor: header?.serverMajor ?? null,
    systemIdentifier: header?.systemIdentifier ?? facts.systemIdentifier,
  };
}

/** The map knows the paths, the tars know what is there. */
export function mergeTablespaces(
  known: readonly Tablespace[],
  map: readonly { oid: string; path: string }[],
): Tablespace[] {
  const merged = new Map(known.map((tablespace) => [tablespace.oid, tablespace]));
  for (const { oid, path } of map) merged.set(oid, { oid, name: null, location: path });
  return [...merged.values()].sort((a, b) => Number(a.oid) - Number(b.oid));
}
