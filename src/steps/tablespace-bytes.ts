import type { BackupContents } from '../backup/base-backup.ts';

/**
 * How much of the unpacked backup is in a tablespace: as the manifest or the files of a plain backup say, else its
 * share in what is stored. Null where archives hold it together with the data directory (WAL-G) and nothing tells.
 * @unit bytes
 */
export function tablespaceBytes(contents: BackupContents, oid: string): number | null {
  if (contents.tablespaceBytes !== undefined) return contents.tablespaceBytes[oid] ?? 0;
  const isOwn = (content: 'data' | 'wal' | { readonly tablespace: string }): boolean =>
    typeof content === 'object' && content.tablespace === oid;
  const tree = contents.trees?.find(({ content }) => isOwn(content));
  if (tree !== undefined) return sizeOf(tree.files);
  const stored = contents.archives.filter(({ content }) => content !== 'wal');
  const own = stored.filter(({ content }) => isOwn(content));
  return own.length === 0
    ? null
    : Math.ceil((contents.dataBytes * sizeOf(own)) / Math.max(1, sizeOf(stored)));
}

const sizeOf = (objects: readonly { readonly sizeBytes: number }[]): number =>
  objects.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
