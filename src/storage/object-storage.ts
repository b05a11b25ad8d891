import type { ByteRange, RangeLocation } from './range-location.ts';

/** One object as a listing shows it. */
export interface StoredObject {
  readonly key: string;
  /** @unit bytes */
  readonly sizeBytes: number;
  /** Opaque "same object?" token; not an MD5 (multipart uploads). */
  readonly etag: string;
  /** RFC 3339, UTC. */
  readonly modifiedAt: string;
  /** As the store names it (`STANDARD`, `GLACIER` …); null where it has none. */
  readonly storageClass: string | null;
}

export type { ByteRange, RangeLocation };

/**
 * Where bytes come from. Adapters translate every failure into an OdoError:
 * BUCKET_NOT_FOUND, ACCESS_DENIED, OBJECT_NOT_FOUND, OBJECT_CHANGED (the ETag no longer matches)
 * and STORAGE_UNAVAILABLE for everything a later attempt may cure.
 */
export interface ObjectStorage {
  /** For people: `s3://bucket at https://endpoint`; no secret in it. */
  readonly description: string;
  /** Every object whose key starts with `prefix`, in key order, all pages. */
  list(prefix: string, options: { signal: AbortSignal; startAfter?: string }): AsyncIterable<StoredObject>;
  /** The folders right under `prefix` (delimiter `/`), each with its trailing slash. */
  listFolders(prefix: string, signal: AbortSignal): Promise<string[]>;
  /** Null only when the store says for certain that the object does not exist. */
  stat(key: string, signal: AbortSignal): Promise<StoredObject | null>;
  /**
   * Where one attempt may read one range (`readRange`, `readObject`); `etag` pins the object. Asks the store nothing
   * about the object: whether it is there and unchanged shows when it is read.
   */
  locate(
    object: { readonly key: string; readonly etag: string },
    range: ByteRange,
    signal: AbortSignal,
  ): Promise<RangeLocation>;
  /** A small object (labels, backup.info, manifests) at once; OBJECT_NOT_FOUND when absent. */
  readSmall(key: string, signal: AbortSignal): Promise<Uint8Array>;
  /** Makes or replaces an object at once: never half of it. */
  writeSmall(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): void;
}
