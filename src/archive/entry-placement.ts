/** What becomes of an entry; the caller decides. */
export type EntryPlacement =
  | { readonly kind: 'write'; readonly path: string }
  /** Kept in memory and returned, at most 64 KiB; with `path`, written as well. */
  | { readonly kind: 'capture'; readonly name: string; readonly path?: string }
  /** The only way to get a symbolic link. */
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** The entry is an incremental file: it changes the file at `path`, which is there. */
  | {
      readonly kind: 'patch';
      readonly path: string;
      /** What is there behind this is no whole block, and dropped; null when there is nothing to drop. */
      readonly keepBytes: number | null;
      /** Nothing newer changes the file: this one gives it its length. */
      readonly isLast: boolean;
    }
  | { readonly kind: 'skip' };
