import { errorCode, OdoError } from '../errors/odo-error.ts';

/** What was being done when the store failed; names for people, no secret. */
export interface S3Attempt {
  readonly bucket: string;
  /** `https://s3.example.com` or `AWS S3 (eu-west-1)`. */
  readonly endpoint: string;
  readonly key: string | null;
}

interface ForeignError {
  readonly name: string;
  readonly status: number | null;
  readonly code: string | null;
  readonly message: string;
}

/** Reads the few fields of an SDK, HTTP or system error that odo decides by. */
function describe(error: unknown): ForeignError {
  const record = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const metadata = (record['$metadata'] ?? {}) as Record<string, unknown>;
  const status = metadata['httpStatusCode'];
  const code = record['code'] ?? record['Code'];
  return {
    name: typeof record['name'] === 'string' ? record['name'] : '',
    status: typeof status === 'number' ? status : null,
    code: typeof code === 'string' ? code : null,
    message: typeof record['message'] === 'string' ? record['message'] : String(error),
  };
}

const denials: Readonly<Record<string, readonly [string, string]>> = {
  InvalidAccessKeyId: [
    'does not know the access key',
    'Check AWS_ACCESS_KEY_ID (or -a) and that it belongs to this endpoint.',
  ],
  SignatureDoesNotMatch: [
    'rejects the signature, so the secret key is wrong',
    'Check AWS_SECRET_ACCESS_KEY (or -s), the region and this machine’s clock.',
  ],
  ExpiredToken: [
    'says that the session token has expired',
    'Get new temporary credentials, then run the command again.',
  ],
  TokenRefreshRequired: [
    'says that the session token has expired',
    'Get new temporary credentials, then run the command again.',
  ],
  InvalidToken: ['rejects the session token', 'Check AWS_SESSION_TOKEN, or unset it for permanent keys.'],
  RequestTimeTooSkewed: [
    'says that this machine’s clock is wrong',
    'Set the clock, then run the command again.',
  ],
};

const noCredentials = ['CredentialsProviderError', 'TokenProviderError'];
const networkCodes = [
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ECONNABORTED',
];
const wrongRegion = [
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
];

/**
 * Any failure of an S3 call as an OdoError, once, at the adapter's edge. The foreign message goes only into the
 * cause; it names access key ids at most, never a secret key.
 */
export function s3Error(cause: unknown, attempt: S3Attempt): OdoError {
  if (cause instanceof OdoError && errorCode(cause)) return cause;
  const { name, status, code, message } = describe(cause);
  const { bucket, endpoint, key } = attempt;
  const what = key === null ? `bucket ${bucket}` : `${key} in bucket ${bucket}`;
  const details = {
    bucket,
    endpoint,
    ...(key === null ? {} : { key }),
    ...(status === null ? {} : { status }),
  };
  const is = (...names: string[]) => names.includes(name) || (code !== null && names.includes(code));

  if (is('NoSuchBucket')) return bucketNotFound(attempt, cause);
  const denial = [name, code ?? ''].flatMap((word) =>
    Object.hasOwn(denials, word) ? [denials[word]] : [],
  )[0];
  if (denial) {
    return new OdoError('ACCESS_DENIED', `${endpoint} ${denial[0]}.`, { hint: denial[1], details, cause });
  }
  if (is(...noCredentials) || /could not load credentials|credential is missing/i.test(message)) {
    return new OdoError('ACCESS_DENIED', `No credentials were found for bucket ${bucket} at ${endpoint}.`, {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with AWS_PROFILE.',
      details,
      cause,
    });
  }
  if (is(...wrongRegion) || status === 301 || /region is missing/i.test(message)) {
    return new OdoError(
      'CONFIG_INVALID',
      `The region for bucket ${bucket} at ${endpoint} is missing or wrong.`,
      {
        hint: 'Give the bucket’s region with -r or AWS_DEFAULT_REGION.',
        details,
        cause,
      },
    );
  }
  if (is('InvalidObjectState')) {
    return new OdoError(
      'PRECONDITION_FAILED',
      `${what} was moved to an archive tier and cannot be read now.`,
      {
        hint: `Restore it first, for example: aws s3api restore-object --bucket ${bucket} --key '${key ?? ''}' --restore-request Days=3`,
        details,
        cause,
      },
    );
  }
  if (status === 412 || is('PreconditionFailed'))
    return objectChanged(attempt, 'has another ETag than before', cause);
  if (status === 416 || is('InvalidRange'))
    return objectChanged(attempt, 'is shorter than its listing said', cause);
  if (status === 404 || is('NoSuchKey', 'NotFound')) {
    return key === null ? bucketNotFound(attempt, cause) : objectNotFound(attempt, cause);
  }
  if (status === 401 || status === 403 || is('AccessDenied')) {
    return new OdoError('ACCESS_DENIED', `${endpoint} denies access to ${what}.`, {
      hint:
        key === null
          ? 'The credentials need s3:ListBucket on the bucket.'
          : 'The credentials need s3:GetObject on it (and kms:Decrypt where it is encrypted with a KMS key). Without s3:ListBucket, a missing object looks the same.',
      details,
      cause,
    });
  }
  // Every other failure may pass: 5xx, SlowDown, timeouts, names that do not resolve, broken connections.
  const reason =
    code !== null && networkCodes.includes(code)
      ? networkReason(code)
      : name === 'TimeoutError'
        ? 'did not answer in time'
        : name === 'MalformedAnswer'
          ? 'answered something that is not HTTP'
          : status !== null
            ? `answered ${status}${name === '' ? '' : ` (${name})`}`
            : 'could not be reached';
  return new OdoError('STORAGE_UNAVAILABLE', `${endpoint} ${reason} while reading ${what}.`, {
    hint: 'Check the endpoint’s address (-e), the network and the store’s health, then resume.',
    details: { ...details, ...(code === null ? {} : { reason: code }) },
    cause,
  });
}

function networkReason(code: string): string {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'has a host name that does not resolve';
    case 'ECONNREFUSED':
      return 'refused the connection';
    case 'ETIMEDOUT':
      return 'did not answer in time';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'cannot be reached from here';
    default:
      return 'broke the connection';
  }
}

/** The answer to a list that finds no bucket; also what an endpoint says whose host already names the bucket. */
export function bucketNotFound({ bucket, endpoint }: S3Attempt, cause?: unknown): OdoError {
  const doubled = endpoint.includes(`//${bucket}.`);
  return new OdoError('BUCKET_NOT_FOUND', `There is no bucket ${bucket} at ${endpoint}.`, {
    hint: doubled
      ? `The endpoint already begins with the bucket’s name: give it without ${bucket}.`
      : 'Check the bucket’s name in the address and the endpoint (-e).',
    details: { bucket, endpoint },
    cause,
  });
}

export function objectNotFound({ bucket, endpoint, key }: S3Attempt, cause?: unknown): OdoError {
  return new OdoError('OBJECT_NOT_FOUND', `There is no object ${key} in bucket ${bucket}.`, {
    hint: 'It may have been deleted by a retention rule. List what is there with: odo backups',
    details: { bucket, endpoint, key },
    cause,
  });
}

export function objectChanged({ bucket, endpoint, key }: S3Attempt, how: string, cause?: unknown): OdoError {
  return new OdoError('OBJECT_CHANGED', `${key} in bucket ${bucket} ${how}: somebody replaced it.`, {
    hint: 'Start a new restore; this one would mix two versions of the backup.',
    details: { bucket, endpoint, key },
    cause,
  });
}

/** A body that ended in good order, but before its time. */
export function bodyTruncated(
  { bucket, endpoint, key }: S3Attempt,
  { got, wanted }: { got: number; wanted: number },
): OdoError {
  return new OdoError('OBJECT_TRUNCATED', `${endpoint} ended ${key} after ${got} of ${wanted} bytes.`, {
    hint: 'The connection broke or the store is overloaded; resume later.',
    details: { bucket, endpoint, key, got, wanted },
  });
}

/** Whether the store asked to be asked less: 503 (SlowDown and its like) and 429. */
export function isThrottling(error: unknown): boolean {
  if (!(error instanceof OdoError)) return false;
  const status = error.details?.['status'];
  return status === 503 || status === 429;
}
