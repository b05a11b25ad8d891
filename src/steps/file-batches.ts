import type { FileObject } from '../archive/restore-files.ts';
import type { FileTree } from '../backup/base-backup.ts';

/** Files of one tree that are fetched, synced and journalled together. */
export interface FileBatch {
  /** Unique in the backup, the same at every resume. */
  readonly name: string;
  readonly content: FileTree['content'];
  readonly sizeBytes: number;
  readonly files: readonly FileObject[];
}

/** Enough that a sync is worth it, few enough that a kill costs little and every job has some. */
const batchBytes = 32 * 1024 * 1024;
const batchFiles = 512;

/** A larger file is a batch of its own. Depends on the plan alone, so that a resume finds the same parts. */
export function batchesOf(trees: readonly FileTree[]): FileBatch[] {
  return trees.flatMap((tree) => {
    const batches: { files: FileObject[]; sizeBytes: number }[] = [];
    let open: (typeof batches)[number] | null = null;
    for (const file of tree.files) {
      const one = { ...file, key: tree.folder + file.path };
      if (file.sizeBytes >= batchBytes) {
        batches.push({ files: [one], sizeBytes: file.sizeBytes });
        continue;
      }
      if (open === null || open.files.length === batchFiles || open.sizeBytes + file.sizeBytes > batchBytes) {
        open = { files: [], sizeBytes: 0 };
        batches.push(open);
      }
      open.files.push(one);
      open.sizeBytes += file.sizeBytes;
    }
    return batches.map((batch, index) => ({
      ...batch,
      name: `${tree.name} ${index + 1}/${batches.length}`,
      content: tree.content,
    }));
  });
}
