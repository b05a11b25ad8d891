import type { Tree } from '../target/tree.ts';
import type { EntryPlacement } from './entry-placement.ts';
import type { SeekPoint, Stretch } from './seek-index.ts';
import { type TarEntry, TarReader } from './tar-reader.ts';

/** Files that reach over the ends of a stretch: two sinks write to them, each its part. */
export interface SharedFiles {
  /** As in the archive. */
  readonly paths: readonly string[];
  /** The file in which the stretch ends, and up to where it is written here. @unit bytes */
  readonly last: { readonly path: string; readonly toByte: number } | null;
}

export function sharedFilesOf({ start, end }: Stretch): SharedFiles {
  const first = start?.tar.entry ?? null;
  const last = end === null ? null : fileAt(end);
  return {
    paths: [first, last?.entry ?? null].flatMap((entry) => (entry === null ? [] : [entry.path])),
    last: last === null ? null : { path: last.entry.path, toByte: last.offset },
  };
}

/** Makes them in full size, durably, before the first of the stretches begins. */
export async function makeSharedFiles(
  stretches: readonly Stretch[],
  options: {
    readonly tree: Tree;
    readonly place: (entry: TarEntry) => EntryPlacement;
    readonly signal: AbortSignal;
    readonly durable?: boolean;
  },
): Promise<void> {
  const { durable = true } = options;
  const writer = await options.tree.openWriter(options.signal, { durable });
  try {
    const made = new Set<string>();
    for (const { start } of stretches) {
      const entry = start === null ? undefined : fileAt(start)?.entry;
      if (entry === undefined || made.has(entry.path)) continue;
      made.add(entry.path);
      const placement = options.place(entry);
      if (placement.kind !== 'write') continue;
      await writer.beginFile({ path: placement.path, sizeBytes: entry.sizeBytes, toByte: 0 }, 0);
      await writer.endFile();
    }
    await writer.sync();
  } finally {
    await writer.close();
  }
}

function fileAt(point: SeekPoint): { entry: TarEntry; offset: number } | null {
  const { entry, entryOffset } = new TarReader(point.tar);
  return entry === null ? null : { entry, offset: entryOffset };
}
