import { readObject } from '../../storage/object-reader.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import { JsonMembers } from './json-members.ts';

/** What odo takes from a `files_metadata.json`. */
export interface FilesMetadata {
  /** Names of the tars that hold the backup; empty for a backup that was streamed from a server. */
  readonly tars: ReadonlySet<string>;
  /** A file of which only changed pages, or nothing, is in this backup; null in a full one. */
  readonly partialFile: string | null;
  /** Files in which `--verify` found pages with wrong checksums: how many, and the first. */
  readonly corruptFiles: number;
  readonly firstCorruptFile: string | null;
}

const rangeBytes = 8 * 1024 * 1024;

/**
 * Reads it as a stream: with an entry for every file it may have a gigabyte.
 * @throws FORMAT_UNKNOWN
 */
export async function readFilesMetadata(
  storage: ObjectStorage,
  object: StoredObject,
  signal: AbortSignal,
): Promise<FilesMetadata> {
  const tars = new Set<string>();
  let partialFile: string | null = null;
  let corruptFiles = 0;
  let firstCorruptFile: string | null = null;
  const members = new JsonMembers((path, literal) => {
    const [list, name = '', field] = path;
    if (list === 'TarFileSets' && path.length === 2 && name !== '') tars.add(name);
    if (list !== 'Files' || path.length !== 3) return;
    if ((field === 'IsSkipped' || field === 'IsIncremented') && literal === 'true') partialFile ??= name;
    if (field === 'CorruptBlocks' && literal !== 'null') {
      corruptFiles += 1;
      firstCorruptFile ??= name;
    }
  });
  const reading = { signal, rangeBytes, memoryBytes: 2 * rangeBytes };
  for await (const chunk of readObject(storage, object, reading)) members.feed(chunk);
  members.finish();
  return { tars, partialFile, corruptFiles, firstCorruptFile };
}
