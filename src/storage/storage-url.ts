import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OdoError } from '../errors/odo-error.ts';

/** Where backups lie, taken apart. `prefix` is empty or ends with `/` and never begins with one. */
export type StorageUrl =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'directory'; readonly directory: string; readonly prefix: '' };

const hint = 'Give the backup’s address as s3://bucket/prefix or file:///directory.';

/** A key prefix as the rest of odo expects it: no slash in front, one at the end unless it is empty. */
export function normalisePrefix(path: string): string {
  const trimmed = path.replace(/^\/+/, '').replace(/\/+$/, '');
  return trimmed === '' ? '' : `${trimmed}/`;
}

/**
 * Takes a backup address apart. An S3 path is used as it stands, without percent-decoding, as barman does.
 * @throws USAGE; the address is not repeated in full, since people put keys into it
 */
export function parseStorageUrl(url: string): StorageUrl {
  const [, scheme, rest] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/.exec(url.trim()) ?? [];
  if (scheme === undefined || rest === undefined) {
    throw new OdoError('USAGE', 'The backup address has no scheme such as s3://.', { hint });
  }
  switch (scheme.toLowerCase()) {
    case 's3':
      return s3UrlOf(rest);
    case 'file':
      return directoryOf(url.trim());
    default:
      throw new OdoError('USAGE', `odo cannot read backups from ${scheme}:// addresses.`, { hint });
  }
}

function s3UrlOf(rest: string): StorageUrl {
  if (/^[^/]*@/.test(rest)) {
    throw new OdoError('USAGE', 'The S3 address contains credentials.', {
      hint: 'Leave them out and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead.',
    });
  }
  // An access point's ARN stands for the bucket and has one slash of its own.
  const [, bucket, path] = /^(arn:[^/]+:accesspoint\/[^/]+|[^/]*)(?:\/(.*))?$/s.exec(rest) ?? [];
  if (bucket === undefined || bucket === '') {
    throw new OdoError('USAGE', 'The S3 address names no bucket.', { hint });
  }
  if (!bucket.startsWith('arn:') && !/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    throw new OdoError('USAGE', `${JSON.stringify(bucket)} cannot be the name of a bucket.`, { hint });
  }
  return { kind: 's3', bucket, prefix: normalisePrefix(path ?? '') };
}

function directoryOf(url: string): StorageUrl {
  let directory: string;
  try {
    directory = fileURLToPath(url);
  } catch (cause) {
    throw new OdoError('USAGE', `${url} is not the address of a local directory.`, { hint, cause });
  }
  if (!isAbsolute(directory)) throw new OdoError('USAGE', `${url} is not an absolute path.`, { hint });
  return { kind: 'directory', directory: resolve(directory), prefix: '' };
}

/** An S3 endpoint checked: http or https, a host, nothing secret in it. @throws USAGE */
export function parseEndpoint(endpoint: string): string {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch (cause) {
    throw new OdoError('USAGE', 'The S3 endpoint is not an address.', {
      hint: 'Give it with its scheme, such as https://s3.example.com:9000.',
      cause: cause instanceof Error ? new Error('invalid URL') : undefined,
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new OdoError('USAGE', 'The S3 endpoint contains credentials.', {
      hint: 'Leave them out and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead.',
    });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new OdoError('USAGE', `The S3 endpoint begins with ${url.protocol}// instead of https://.`, {
      hint: 'Give it with its scheme, such as https://s3.example.com:9000.',
    });
  }
  return url.href.replace(/\/$/, '');
}
