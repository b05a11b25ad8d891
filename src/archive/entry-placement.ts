/** What becomes of an entry; the caller decides. */
export type EntryPlacement =
  | { readonly kind: 'write'; readonly path: string }
  /** Kept in memory and returned, at most 64 KiB; with `path`, written as well. */
  | { readonly kind: 'capture'; readonly name: string; readonly path?: string }
  /** The only way to get a symbolic link. */
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'skip' };
