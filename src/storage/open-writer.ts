import { OdoError } from '../errors/odo-error.ts';
import type { ObjectWriter } from './object-writer.ts';
import type { StorageSource } from './open-storage.ts';
import { openS3Writer } from './s3-writer.ts';
import { parseStorageUrl } from './storage-url.ts';

/** What writes to the store that an address names. @throws USAGE for a kind that odo only reads */
export function openWriter({ url, endpoint, region, credentials }: StorageSource): ObjectWriter {
  const place = parseStorageUrl(url);
  if (place.kind !== 's3') {
    throw new OdoError('USAGE', `odo writes backups to S3 and what speaks its protocol, not to ${url}.`, {
      hint: 'Give an address such as s3://BUCKET/PREFIX, with -e for a store that is not AWS’s.',
    });
  }
  return openS3Writer({ bucket: place.bucket, endpoint, region, credentials: credentials?.s3 ?? null });
}
