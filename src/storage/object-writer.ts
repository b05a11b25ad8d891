export interface UploadOptions {
  /** Of one part; the store takes at most 10,000 of them. @unit bytes */
  readonly partBytes: number;
  readonly signal: AbortSignal;
  /** After each part that the store has. @unit bytes of the object so far */
  readonly onStored?: (bytes: number) => void;
}

export interface UploadedObject {
  readonly key: string;
  /** @unit bytes */
  readonly sizeBytes: number;
  /** Of the stored bytes, hex. */
  readonly sha256: string;
}

/** Where a backup is written to: objects that appear as a whole or not at all, and never replace another. */
export interface ObjectWriter {
  /**
   * Stores chunks as one object whose size nobody knows before, in bounded memory. When the chunks end with an error, or
   * `signal` aborts, nothing is left of it. A chunk must not be changed after it was given.
   */
  upload(key: string, chunks: AsyncIterable<Uint8Array>, options: UploadOptions): Promise<UploadedObject>;
  /** Makes a small object; OBJECT_CHANGED when it is there already, where the store can tell. */
  create(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Absent is fine. */
  remove(key: string, signal: AbortSignal): Promise<void>;
  close(): void;
}
