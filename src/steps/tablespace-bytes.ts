import type { BackupContents } from '../backup/base-backup.ts';

/**
 * How much of the unpacked backup is in a tablespace: as the manifest says, else its share in what is stored. Null where
 * archives hold it together with the data directory (WAL-G) and nothing tells. @unit bytes
 */
export function tablespaceBytes(contents: BackupContents, oid: string): number | null {
  if (contents.tablespaceBytes !== undefined) return contents.tablespaceBytes[oid] ?? 0;
  const trees = (contents.trees ?? []).map(({ content, files }) => ({
    content,
    sizeBytes: files.reduce((total, file) => total + file.sizeBytes, 0),
  }));
  let storedBytes = 0;
  let ownBytes: number | null = null;
  for (const { content, sizeBytes } of [...contents.archives, ...trees]) {
    if (content === 'wal') continue;
    storedBytes += sizeBytes;
    if (content !== 'data' && content.tablespace === oid) ownBytes = (ownBytes ?? 0) + sizeBytes;
  }
  if (ownBytes === null) return null;
  return storedBytes === 0 ? 0 : Math.ceil((contents.dataBytes * ownBytes) / storedBytes);
}
