/** What IAM does with a request to S3, as far as a tool that reads backups can meet it. */

interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: { readonly StringLike: { readonly 's3:prefix': string | readonly string[] } };
}

export interface S3Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** What one request does, in the words of a policy. */
export interface S3Action {
  readonly action: string;
  /** `arn:aws:s3:::bucket` or `arn:aws:s3:::bucket/key` */
  readonly resource: string;
  /** Of a listing; null where the request says none, as a HEAD of a bucket. */
  readonly prefix: string | null;
}

/** Parameters that say nothing about which action it is. */
const harmless = new Set([
  ...['list-type', 'prefix', 'delimiter', 'start-after', 'continuation-token', 'max-keys', 'encoding-type'],
  ...['marker', 'fetch-owner', 'x-id', 'uploads', 'uploadId', 'partNumber'],
]);

/**
 * The action that a request in path style needs. What odo has no business to ask for gets a name that no policy
 * grants: `acl`, `versions`, `location` and the like, and whatever odo does not do with an object.
 */
export function actionOf(method: string, target: string): S3Action {
  const url = new URL(target, 'http://s3');
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(url.pathname) ?? [];
  const resource = `arn:aws:s3:::${decodeURIComponent(bucket)}${key === '' ? '' : `/${decodeURIComponent(key)}`}`;
  const prefix = key === '' && method === 'GET' ? (url.searchParams.get('prefix') ?? '') : null;
  const uploads = url.searchParams.has('uploads') || url.searchParams.has('uploadId');
  const particular = [...url.searchParams.keys()].filter(
    (name) => !harmless.has(name) && !name.startsWith('X-Amz-'),
  );
  const named = (action: string): S3Action => ({ action, resource, prefix });
  if (particular.length > 0) return named(`${method} with ${particular.join(', ')}`);
  if (bucket === '') return named('s3:ListAllMyBuckets');
  if (key !== '' && uploads) {
    const isPart = method === 'PUT' || method === 'POST';
    return named(
      isPart ? 's3:PutObject' : method === 'DELETE' ? 's3:AbortMultipartUpload' : `${method} of an upload`,
    );
  }
  if (method === 'DELETE' && key !== '') return named('s3:DeleteObject');
  const isReading = method === 'GET' || method === 'HEAD';
  if (isReading) return named(key === '' ? 's3:ListBucket' : 's3:GetObject');
  return named(
    method === 'PUT' && key !== '' ? 's3:PutObject' : `${method} of ${key === '' ? 'a bucket' : 'an object'}`,
  );
}

const many = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value;

/** `*` and `?` as IAM knows them. */
function isLike(pattern: string, value: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(value);
}

/** A condition on a key that the request does not have is not met. */
export function isAllowed(policy: S3Policy, { action, resource, prefix }: S3Action): boolean {
  return policy.Statement.some(({ Action, Resource, Condition }) => {
    if (!many(Action).includes(action)) return false;
    if (!many(Resource).some((pattern) => isLike(pattern, resource))) return false;
    if (Condition === undefined) return true;
    return prefix !== null && many(Condition.StringLike['s3:prefix']).some((like) => isLike(like, prefix));
  });
}
