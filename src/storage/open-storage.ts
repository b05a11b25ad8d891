import type { S3Credentials } from './credentials.ts';
import { openDirectoryStorage } from './directory.ts';
import type { ObjectStorage } from './object-storage.ts';
import { openS3Storage } from './s3.ts';
import { parseStorageUrl } from './storage-url.ts';

export interface StorageSource {
  /** `s3://bucket/prefix` or `file:///directory` */
  readonly url: string;
  readonly endpoint: string | null;
  readonly region: string | null;
  /** Null: what the environment or a profile gives. */
  readonly credentials: S3Credentials | null;
}

export interface OpenedStorage {
  readonly storage: ObjectStorage;
  /** Where in it to look: empty, or with a trailing slash. */
  readonly prefix: string;
}

/** The store that an address names. */
export function openStorage({ url, endpoint, region, credentials }: StorageSource): OpenedStorage {
  const place = parseStorageUrl(url);
  if (place.kind === 'directory') {
    return { storage: openDirectoryStorage(place.directory), prefix: place.prefix };
  }
  return {
    storage: openS3Storage({ bucket: place.bucket, endpoint, region, credentials }),
    prefix: place.prefix,
  };
}
