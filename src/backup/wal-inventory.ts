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

/**
 * How an archive lays its segments out.
 * - `folders`: in `<first 16 digits>/`, history files beside them (barman-cloud)
 * - `flat`: all in one folder (WAL-G)
 */
export type WalLayout = 'folders' | 'flat';

/** The segments of one timeline and log number. */
export interface WalFolder {
  readonly timeline: number;
  readonly log: number;
  /** What its keys begin with. */
  readonly prefix: string;
  /** Null when it has not been listed yet. */
  readonly objects: readonly StoredObject[] | null;
}

/**
 * What of an archive may serve a backup that begins at `from`, with as few listings as the layout allows. A flat
 * archive is read from that name on: timelines stand one behind the other there, and a descendant is always a higher one.
 */
export async function listWalFolders(
  storage: ObjectStorage,
  archive: { readonly walFolder: string; readonly walLayout: WalLayout },
  from: string,
  signal: AbortSignal,
): Promise<WalFolder[]> {
  const { walFolder, walLayout } = archive;
  if (walLayout === 'folders') {
    const folders = await storage.listFolders(walFolder, signal);
    return folders.flatMap((prefix) => folderOf(prefix, /^([0-9A-F]{8})([0-9A-F]{8})\/$/, walFolder) ?? []);
  }
  const found = new Map<string, StoredObject[]>();
  // Up to the log number only: the segment size may turn out to be another one.
  const startAfter = walFolder + from.slice(0, 16);
  for await (const object of storage.list(walFolder, { signal, startAfter })) {
    const segment = parseWalFileName(object.key.slice(walFolder.length))?.segment;
    if (segment === undefined || segment === null) continue;
    const prefix = walFolder + segment.slice(0, 16);
    const objects = found.get(prefix) ?? [];
    objects.push(object);
    found.set(prefix, objects);
  }
  return [...found].flatMap(([prefix, objects]) => {
    const folder = folderOf(prefix, /^([0-9A-F]{8})([0-9A-F]{8})$/, walFolder);
    return folder === null ? [] : [{ ...folder, objects }];
  });
}

function folderOf(prefix: string, pattern: RegExp, walFolder: string): WalFolder | null {
  const [, timeline, log] = pattern.exec(prefix.slice(walFolder.length)) ?? [];
  if (timeline === undefined || log === undefined) return null;
  const numbers = { timeline: Number.parseInt(timeline, 16), log: Number.parseInt(log, 16) };
  return { ...numbers, prefix, objects: null };
}

/** What lies in the given folders, by plain segment name; only names at or above `from`. */
export async function listSegments(
  storage: ObjectStorage,
  folders: readonly WalFolder[],
  from: string,
  signal: AbortSignal,
): Promise<Map<string, WalVariants>> {
  const found = new Map<string, WalVariants>();
  for (const { prefix, objects } of folders) {
    for await (const object of objects ?? storage.list(prefix, { signal })) {
      const name = parseWalFileName(object.key.split('/').at(-1) ?? '');
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
