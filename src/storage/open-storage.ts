import type { SourceCredentials } from './credentials.ts';
import { openDirectoryStorage } from './directory.ts';
import type { ObjectStorage } from './object-storage.ts';
import { openS3Storage } from './s3.ts';
import { parseStorageUrl } from './storage-url.ts';

export interface StorageSource {
  /** Of one of the `addressForms`. */
  readonly url: string;
  readonly endpoint: string | null;
  readonly region: string | null;
  /** Null: what the environment or a profile gives. */
  readonly credentials: SourceCredentials | null;
}

export interface OpenedStorage {
  readonly storage: ObjectStorage;
  /** Where in it to look: empty, or with a trailing slash. */
  readonly prefix: string;
}

/** The store that an address names. What only one kind needs is loaded when it is used. */
export async function openStorage(source: StorageSource): Promise<OpenedStorage> {
  const place = parseStorageUrl(source.url);
  return { storage: await storageOf(place, source), prefix: place.prefix };
}

async function storageOf(
  place: ReturnType<typeof parseStorageUrl>,
  { endpoint, region, credentials }: StorageSource,
): Promise<ObjectStorage> {
  switch (place.kind) {
    case 'directory':
      return openDirectoryStorage(place.directory);
    case 's3':
      return openS3Storage({
        bucket: place.bucket,
        endpoint,
        region,
        credentials: credentials?.s3 ?? null,
      });
    case 'gcs': {
      // Keys that Google issues for its S3-compatible API.
      if (credentials?.s3?.accessKeyId.startsWith('GOOG')) {
        return openS3Storage({
          bucket: place.bucket,
          endpoint: endpoint ?? 'https://storage.googleapis.com',
          region: 'auto',
          credentials: credentials.s3,
        });
      }
      const { openGcsStorage } = await import('./gcs.ts');
      return openGcsStorage({ bucket: place.bucket, endpoint, credentials: credentials?.google ?? null });
    }
    case 'web': {
      const { openWebStorage } = await import('./web.ts');
      return openWebStorage({ url: place.url, credentials: credentials?.web ?? null });
    }
    case 'sftp': {
      const { openSftpStorage } = await import('./sftp.ts');
      const { user, host, port, directory } = place;
      return openSftpStorage({ user, host, port, directory, credentials: credentials?.ssh ?? null });
    }
    case 'azure': {
      const { openAzureStorage } = await import('./azure.ts');
      const { account, container } = place;
      return openAzureStorage({
        account,
        container,
        endpoint: endpoint ?? place.endpoint,
        credentials: credentials?.azure ?? null,
      });
    }
  }
}
