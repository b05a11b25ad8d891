import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OdoError } from '../errors/odo-error.ts';

/** Where backups lie, taken apart. `prefix` is empty or ends with `/` and never begins with one. */
export type StorageUrl =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | {
      readonly kind: 'azure';
      readonly account: string;
      /** Null: of Azure's public cloud. */
      readonly endpoint: string | null;
      readonly container: string;
      readonly prefix: string;
    }
  | { readonly kind: 'gcs'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'web'; readonly url: string; readonly prefix: '' }
  | {
      readonly kind: 'sftp';
      /** Null: the one that runs odo. */
      readonly user: string | null;
      readonly host: string;
      readonly port: number;
      /** Absolute path. */
      readonly directory: string;
      readonly prefix: '';
    }
  | { readonly kind: 'directory'; readonly directory: string; readonly prefix: '' };

/** Every scheme with its form, as messages show them. */
export const addressForms = {
  s3: 's3://BUCKET/PREFIX',
  azure: 'azure://ACCOUNT/CONTAINER/PREFIX',
  gs: 'gs://BUCKET/PREFIX',
  https: 'https://HOST/FOLDER',
  sftp: 'sftp://USER@HOST:PORT/DIRECTORY',
  file: 'file:///DIRECTORY',
} as const;

/** What other tools call the same thing. */
const alsoKnownAs: Readonly<Record<string, keyof typeof addressForms>> = {
  s3a: 's3',
  s3n: 's3',
  minio: 's3',
  r2: 's3',
  gcs: 'gs',
  gc: 'gs',
  az: 'azure',
  abfs: 'azure',
  abfss: 'azure',
  wasb: 'azure',
  wasbs: 'azure',
  ssh: 'sftp',
  scp: 'sftp',
  local: 'file',
};

const hint = `Give the backup’s address as one of: ${Object.values(addressForms).join(', ')}.`;

/** A key prefix as the rest of odo expects it: no slash in front, one at the end unless it is empty. */
export function normalisePrefix(path: string): string {
  const trimmed = path.replace(/^\/+/, '').replace(/\/+$/, '');
  return trimmed === '' ? '' : `${trimmed}/`;
}

/**
 * Takes a backup address apart. Paths of S3 and Azure are used as they stand, without percent-decoding, as barman
 * does.
 * @throws USAGE; the address is not repeated in full, since people put keys into it
 */
export function parseStorageUrl(url: string): StorageUrl {
  const [, scheme, rest] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(url.trim()) ?? [];
  if (scheme === undefined || rest === undefined) {
    throw new OdoError('USAGE', 'The backup address has no scheme such as s3://.', { hint });
  }
  switch (scheme.toLowerCase()) {
    case 's3':
      return bucketUrlOf('s3', rest);
    case 'azure':
      return azureUrlOf(rest);
    case 'gs':
      return bucketUrlOf('gcs', rest);
    case 'https':
      return blobServiceUrlOf(rest) ?? webUrlOf(url.trim());
    case 'http':
      return webUrlOf(url.trim());
    case 'sftp':
      return sftpUrlOf(url.trim());
    case 'file':
      return directoryOf(url.trim());
    default:
      throw unknownScheme(scheme.toLowerCase());
  }
}

function unknownScheme(scheme: string): OdoError {
  const meant = Object.hasOwn(alsoKnownAs, scheme) ? alsoKnownAs[scheme] : undefined;
  const question = meant === undefined ? '' : ` Did you mean ${addressForms[meant]}?`;
  return new OdoError('USAGE', `odo cannot read backups from ${scheme}:// addresses.${question}`, { hint });
}

function refuseUserInfo(rest: string, what: string, variables: string): void {
  if (!/^[^/]*@/.test(rest)) return;
  throw new OdoError('USAGE', `The ${what} address contains credentials.`, {
    hint: `Leave them out and set ${variables} instead.`,
  });
}

const bucketNames = {
  s3: { name: 'S3', variables: 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY' },
  gcs: { name: 'Google Cloud Storage', variables: 'GOOGLE_APPLICATION_CREDENTIALS' },
} as const;

function bucketUrlOf(kind: 's3' | 'gcs', rest: string): StorageUrl {
  const { name, variables } = bucketNames[kind];
  refuseUserInfo(rest, name, variables);
  // An access point's ARN stands for the bucket and has one slash of its own.
  const [, bucket, path] = /^(arn:[^/]+:accesspoint\/[^/]+|[^/]*)(?:\/(.*))?$/s.exec(rest) ?? [];
  if (bucket === undefined || bucket === '') {
    throw new OdoError('USAGE', `The ${name} address names no bucket.`, { hint });
  }
  const isArn = kind === 's3' && bucket.startsWith('arn:');
  if (!isArn && !/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    throw new OdoError('USAGE', `${JSON.stringify(bucket)} cannot be the name of a bucket.`, { hint });
  }
  return { kind, bucket, prefix: normalisePrefix(path ?? '') };
}

/** A folder of a web server, percent-encoded as it stands. */
function webUrlOf(text: string): StorageUrl {
  const url = URL.parse(text);
  if (url === null) throw new OdoError('USAGE', 'The web address cannot be read.', { hint });
  if (url.username !== '' || url.password !== '') {
    throw new OdoError('USAGE', 'The web address contains credentials.', {
      hint: 'Leave them out and set ODO_HTTP_USER and ODO_HTTP_PASSWORD instead.',
    });
  }
  if (url.search !== '' || url.hash !== '') {
    throw new OdoError('USAGE', 'The web address contains ? or #, which may be a secret.', {
      hint: 'Give the address of a folder; write ? and # as %3F and %23 when they belong to its name.',
    });
  }
  return { kind: 'web', url: `${url.origin}${url.pathname.replace(/\/*$/, '')}/`, prefix: '' };
}

const azureVariables = 'AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN';

function azureUrlOf(rest: string): StorageUrl {
  refuseUserInfo(rest, 'Azure', azureVariables);
  const [account = '', container = '', ...path] = rest.split('/');
  return azurePlace(account, null, container, path.join('/'));
}

/** Clouds of their own have other domains: those of China and of the US government. */
const blobService = /^([a-z0-9]{3,24})\.blob\.core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)$/i;

/** The form that barman uses: `https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX`. */
function blobServiceUrlOf(rest: string): StorageUrl | null {
  const [host = '', container = '', ...path] = rest.split('/');
  const account = blobService.exec(host)?.[1]?.toLowerCase();
  if (account === undefined) return null;
  return azurePlace(account, `https://${host.toLowerCase()}`, container, path.join('/'));
}

function azurePlace(account: string, endpoint: string | null, container: string, path: string): StorageUrl {
  if (path.includes('?') || container.includes('?')) {
    throw new OdoError('USAGE', 'The Azure address contains a query, which may be a SAS token.', {
      hint: 'Leave it out and set AZURE_STORAGE_SAS_TOKEN instead.',
    });
  }
  if (!/^[a-z0-9]{3,24}$/.test(account)) {
    throw new OdoError('USAGE', `${JSON.stringify(account)} cannot be the name of a storage account.`, {
      hint,
    });
  }
  if (!/^(?:\$(?:root|web|logs)|[a-z0-9](?:-?[a-z0-9]){2,62})$/.test(container)) {
    throw new OdoError('USAGE', `${JSON.stringify(container)} cannot be the name of a container.`, { hint });
  }
  return { kind: 'azure', account, endpoint, container, prefix: normalisePrefix(path) };
}

function sftpUrlOf(text: string): StorageUrl {
  const url = URL.parse(text);
  if (url === null || url.hostname === '') {
    throw new OdoError('USAGE', 'The SFTP address names no host.', { hint });
  }
  if (url.password !== '') {
    throw new OdoError('USAGE', 'The SFTP address contains a password.', {
      hint: 'Leave it out and use a key or an agent, or set ODO_SSH_PASSWORD instead.',
    });
  }
  if (url.search !== '' || url.hash !== '') {
    throw new OdoError('USAGE', 'The SFTP address contains ? or #.', {
      hint: 'Write them as %3F and %23 when they belong to the path.',
    });
  }
  const [user, directory] = [url.username, url.pathname].map((part) => decoded(part));
  if (user === undefined || directory === undefined) {
    throw new OdoError('USAGE', 'The SFTP address has a % that no two hexadecimal digits follow.', {
      hint: 'Write % itself as %25.',
    });
  }
  return {
    kind: 'sftp',
    user: user === '' ? null : user,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 22 : Number(url.port),
    directory: resolve('/', directory),
    prefix: '',
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
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

/** An endpoint checked: http or https, a host, nothing secret in it. @throws USAGE */
export function parseEndpoint(endpoint: string): string {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch (cause) {
    throw new OdoError('USAGE', 'The endpoint is not an address.', {
      hint: 'Give it with its scheme, such as https://s3.example.com:9000.',
      cause: cause instanceof Error ? new Error('invalid URL') : undefined,
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new OdoError('USAGE', 'The endpoint contains credentials.', {
      hint: 'Leave them out and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead.',
    });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new OdoError('USAGE', `The endpoint begins with ${url.protocol}// instead of https://.`, {
      hint: 'Give it with its scheme, such as https://s3.example.com:9000.',
    });
  }
  return url.href.replace(/\/$/, '');
}
