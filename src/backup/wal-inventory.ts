import { errorCode } from '../errors/odo-error.ts';
import { parseTimelineHistory, type TimelineHistoryEntry } from '../postgres/timeline-history.ts';
import { parseWalFileName } from '../postgres/wal-file-name.ts';
import { historyFileName } from '../postgres/wal-segment.ts';
import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import { readWholeDecoded } from './whole-object.ts';

/** All objects of an archive that carry one name: complete copies (several after a change of compression) and partial ones. */
export interface WalVariants {
  readonly complete: StoredObject[];
  readonly partial: StoredObject[];
}

/** `wals/<16 hex>/` folders of an archive: their timelines and log numbers, found with one listing. */
export interface WalFolder {
  readonly folder: string;
  readonly timeline: number;
  readonly log: number;
}

export async function listWalFolders(
  storage: ObjectStorage,
  walFolder: string,
  signal: AbortSignal,
): Promise<WalFolder[]> {
  const folders: WalFolder[] = [];
  for (const folder of await storage.listFolders(walFolder, signal)) {
    const [, timeline, log] = /\/?([0-9A-F]{8})([0-9A-F]{8})\/$/.exec(folder.slice(walFolder.length)) ?? [];
    if (timeline === undefined || log === undefined) continue;
    folders.push({ folder, timeline: Number.parseInt(timeline, 16), log: Number.parseInt(log, 16) });
  }
  return folders;
}

/** What lies in the given folders, by plain segment name; only names at or above `from`. */
export async function listSegments(
  storage: ObjectStorage,
  folders: readonly WalFolder[],
  from: string,
  signal: AbortSignal,
): Promise<Map<string, WalVariants>> {
  const found = new Map<string, WalVariants>();
  for (const { folder } of folders) {
    for await (const object of storage.list(folder, { signal })) {
      const name = parseWalFileName(object.key.slice(folder.length));
      if (name === null || name.segment === null || name.kind === 'backup-label') continue;
      if (name.segment.slice(8) < from.slice(8)) continue;
      const variants = found.get(name.segment) ?? { complete: [], partial: [] };
      found.set(name.segment, variants);
      // An empty object is an upload that failed; the server would refuse it for its size.
      if (name.kind === 'partial') variants.partial.push(object);
      else if (object.sizeBytes > 0) variants.complete.push(object);
    }
  }
  return found;
}

export interface HistoryFile {
  readonly timeline: number;
  readonly object: StoredObject;
  readonly entries: readonly TimelineHistoryEntry[];
}

/** History files of the given timelines, as far as they are there; unreadable ones are named in `warnings`. */
export async function readHistoryFiles(
  storage: ObjectStorage,
  walFolder: string,
  timelines: Iterable<number>,
  signal: AbortSignal,
): Promise<{ files: HistoryFile[]; warnings: string[] }> {
  const files: HistoryFile[] = [];
  const warnings: string[] = [];
  for (const timeline of timelines) {
    if (timeline < 2) continue;
    const name = historyFileName(timeline);
    let newest: StoredObject | null = null;
    for await (const object of storage.list(walFolder + name, { signal })) {
      if (parseWalFileName(object.key.slice(walFolder.length))?.name !== name) continue;
      if (newest === null || object.modifiedAt > newest.modifiedAt) newest = object;
    }
    if (newest === null) continue;
    try {
      const text = new TextDecoder().decode(await readWholeDecoded(storage, newest, signal));
      files.push({ timeline, object: newest, entries: parseTimelineHistory(text, timeline) });
    } catch (error) {
      signal.throwIfAborted();
      const code = errorCode(error);
      if (code !== 'FORMAT_UNKNOWN' && code !== 'ARCHIVE_CORRUPT') throw error;
      warnings.push(`${newest.key} cannot be read as a timeline history; its timeline is left out.`);
    }
  }
  return { files, warnings };
}
