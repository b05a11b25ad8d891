import { begunName, finishedName, manifestName } from '../backup/pg-basebackup/layout.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { ObjectWriter } from '../storage/object-writer.ts';
import { type BackupDocument, baseNames, readDocument } from './backup-document.ts';

/** What `odo backup` left in one folder: complete with its document, begun and not finished without. */
export interface OwnBackup {
  readonly id: string;
  readonly folder: string;
  readonly document: BackupDocument | null;
  /** When it was last worked on. */
  readonly begunAt: string | null;
}

/** Every folder right below `prefix` in which `odo backup` wrote; others are none of its business. */
export async function listOwnBackups(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<OwnBackup[]> {
  const found: OwnBackup[] = [];
  for (const folder of await storage.listFolders(prefix, signal)) {
    let [isFinished, begunAt] = [false, null as string | null];
    for await (const { key, modifiedAt } of storage.list(`${folder}odo-backup.`, { signal })) {
      if (key === folder + finishedName) isFinished = true;
      if (key === folder + begunName) begunAt = modifiedAt;
    }
    if (!isFinished && begunAt === null) continue;
    const document = isFinished ? readDocument(await storage.readSmall(folder + finishedName, signal)) : null;
    // One that this odo cannot read is another's.
    if (isFinished && document === null) continue;
    found.push({ id: folder.slice(prefix.length, -1), folder, document, begunAt });
  }
  return found;
}

/**
 * The document first: from then on the folder is no backup any more, whatever is still in it. The mark that says so last.
 * Nothing else that lies in the folder is touched.
 */
export async function removeOwnBackup(
  writer: ObjectWriter,
  { folder, document, begunAt }: Omit<OwnBackup, 'id'>,
  signal: AbortSignal,
): Promise<void> {
  if (begunAt === null) await writer.create(folder + begunName, Buffer.from('{}\n'), signal);
  const names = document?.objects.map(({ name }) => name) ?? [...baseNames, manifestName];
  const indexes = names.map((name) => `odo-index/${name}.json.gz`);
  for (const name of [finishedName, ...names, ...indexes, begunName])
    await writer.remove(folder + name, signal);
}
