import type { EntryPlacement, TarEntry } from '../archive/restore-archive.ts';
import type { ArchiveObject, BackupContents } from '../backup/base-backup.ts';
import { Combination, type LinkFile } from '../backup/combination.ts';
import { withoutIncrementalLines } from '../postgres/backup-label.ts';
import { incrementalTarget } from '../postgres/incremental-file.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { Tree } from '../target/tree.ts';
import { batchesOf, type FileBatch } from './file-batches.ts';
import { sealedFolder } from './layout.ts';
import { type ManifestCheck, manifestPath, readManifest } from './manifest-check.ts';
import { contentOf } from './place-entry.ts';

/** Where an entry of an archive goes when nothing older or newer is to be combined with it. */
export type PlaceWhole = (source: Pick<ArchiveObject, 'name' | 'content'>, entry: TarEntry) => EntryPlacement;

/** One of the backups that are restored onto each other; a full backup is a chain of one. */
export interface RestoredLink {
  /** Without WAL. */
  readonly archives: readonly ArchiveObject[];
  /** Of a plain backup. */
  readonly batches: readonly FileBatch[];
  /** Its archives change files that are there, so they are read from the begin to the end. */
  readonly inOnePiece: boolean;
  /** When its turn has come: manifests are large, and a chain may be long. */
  open(): Promise<OpenLink>;
}

export interface OpenLink {
  readonly manifest: ManifestCheck | null;
  readonly place: PlaceWhole;
}

/** What restoreBase works through, strictly in this order: oldest first. */
export async function readChain(
  storage: ObjectStorage,
  { archives, trees = [], links = [], manifestKey }: BackupContents,
  placeWhole: PlaceWhole,
  signal: AbortSignal,
): Promise<readonly RestoredLink[]> {
  const own = {
    archives: archives.filter((archive) => contentOf(archive) !== 'wal'),
    batches: batchesOf(trees),
  };
  const read = (key: string) => readManifest(storage, key, signal);
  if (manifestKey === null || links.length === 0) {
    const manifest = manifestKey === null ? null : await read(manifestKey);
    return [{ ...own, inOnePiece: false, open: async () => ({ manifest, place: placeWhole }) }];
  }
  const combination = new Combination((await read(manifestKey)).manifest, links.length + 1);
  for (const link of links.toReversed()) combination.addOlder((await read(link.manifestKey)).manifest);
  const openLink = async (key: string, index: number): Promise<OpenLink> => {
    const manifest = await read(key);
    const files = combination.filesOf(index, manifest.manifest);
    const isNewest = index === links.length;
    return {
      // Of an older backup only what is needed is read closely enough to be compared.
      manifest: isNewest ? manifest : manifest.only(files),
      place: (source, entry) => placeInChain(source, entry, files, isNewest, placeWhole),
    };
  };
  return [
    ...links.map((link) => ({ ...link, batches: batchesOf(link.trees ?? []) })),
    { ...own, manifestKey },
  ].map((link, index) => ({
    ...link,
    inOnePiece: index > 0,
    open: () => openLink(link.manifestKey, index),
  }));
}

function placeInChain(
  archive: Parameters<PlaceWhole>[0],
  entry: TarEntry,
  files: ReadonlyMap<string, LinkFile>,
  isNewest: boolean,
  placeWhole: PlaceWhole,
): EntryPlacement {
  const file = entry.kind === 'file' ? files.get(manifestPath(archive, entry.path)) : undefined;
  if (file?.kind === 'patch') {
    const whole = placeWhole(archive, { ...entry, path: incrementalTarget(entry.path) ?? entry.path });
    if (whole.kind !== 'write') return whole;
    return { kind: 'patch', path: whole.path, keepBytes: file.keepBytes, isLast: file.isLast };
  }
  return isNewest || file !== undefined ? placeWhole(archive, entry) : { kind: 'skip' };
}

/** The server refuses to start from a label that says the backup is incremental. Idempotent. */
export async function makeLabelFull(tree: Tree): Promise<void> {
  const path = `${sealedFolder}/backup_label`;
  const label = await tree.readFile(path, 1024 * 1024);
  if (label === null) return;
  const text = Buffer.from(label).toString('latin1');
  const full = withoutIncrementalLines(text);
  if (full !== text) await tree.writeFile(path, Buffer.from(full, 'latin1'), 0o600);
}
