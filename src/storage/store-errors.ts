import { errorCode, OdoError } from '../errors/odo-error.ts';
import { systemCode } from './file-errors.ts';

/** Who answers over HTTP; each has words and refusals of its own (`http-errors.ts`). */
export type StoreKind = 's3' | 'azure' | 'gcs' | 'web';

/** What was being done when the store failed; names for people, no secret. */
export interface StoreAttempt {
  readonly store: StoreKind;
  /** Bucket, container or folder. */
  readonly bucket: string;
  /** `https://s3.example.com` or `AWS S3 (eu-west-1)`. */
  readonly endpoint: string;
  readonly key: string | null;
  /** Of a listing. */
  readonly prefix?: string;
  /** The object was to be stored, not read. */
  readonly isWriting?: boolean;
  /** The object was to be removed. */
  readonly isRemoving?: boolean;
}

/** The few fields of an SDK, HTTP or system error that odo decides by. */
export interface ForeignError {
  readonly name: string;
  readonly status: number | null;
  readonly code: string | null;
  readonly message: string;
  /** Whether name or code is one of these. */
  readonly is: (...words: string[]) => boolean;
}

export function foreignError(error: unknown): ForeignError {
  const record = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const metadata = (record['$metadata'] ?? {}) as Record<string, unknown>;
  const status = metadata['httpStatusCode'] ?? record['statusCode'] ?? record['status'];
  // `fetch` and some SDKs hide the system's code one level down.
  const code = record['code'] ?? record['Code'] ?? systemCode(record['cause']);
  const name = typeof record['name'] === 'string' ? record['name'] : '';
  return {
    name,
    status: typeof status === 'number' ? status : null,
    code: typeof code === 'string' ? code : null,
    message: typeof record['message'] === 'string' ? record['message'] : String(error),
    is: (...words) => words.includes(name) || (typeof code === 'string' && words.includes(code)),
  };
}

const placeWords = { s3: 'bucket', azure: 'container', gcs: 'bucket', web: 'folder' } as const;

/** `bucket backups`, `container backups` */
export const placeOf = ({ store, bucket }: Pick<StoreAttempt, 'store' | 'bucket'>): string =>
  `${placeWords[store]} ${bucket}`;

const whatOf = (attempt: StoreAttempt): string =>
  attempt.key === null ? placeOf(attempt) : `${attempt.key} in ${placeOf(attempt)}`;

const doingOf = ({ isWriting, isRemoving }: StoreAttempt): string =>
  isRemoving === true ? 'removing' : isWriting === true ? 'writing' : 'reading';

export function detailsOf(attempt: StoreAttempt, status: number | null): Record<string, string | number> {
  const { bucket, endpoint, key } = attempt;
  return {
    bucket,
    endpoint,
    ...(key === null ? {} : { key }),
    ...(status === null ? {} : { status }),
  };
}

/** What is particular to one kind of store. */
export interface StoreDialect {
  /** Refusals by name: what the store says, and what to do. */
  readonly denials: Readonly<Record<string, readonly [string, string]>>;
  /** Names of the answer that the bucket or container is not there. */
  readonly missingPlace: readonly string[];
  /** Hint for a plain refusal: of a listing, where the attempt has no key, or of an object. */
  readonly deniedHint: (attempt: StoreAttempt) => string;
  /** Everything else that only this kind of store says; null: nothing particular. */
  readonly particular: (foreign: ForeignError, attempt: StoreAttempt, cause: unknown) => OdoError | null;
}

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

/**
 * Any failure at a store as an OdoError, once, at the adapter's edge. The foreign message goes only into the
 * cause; it names access key ids at most, never a secret key.
 */
export function storeError(cause: unknown, attempt: StoreAttempt, dialect: StoreDialect): OdoError {
  if (cause instanceof OdoError && errorCode(cause)) return cause;
  const foreign = foreignError(cause);
  const { status, is } = foreign;
  const { endpoint, key } = attempt;
  if (is(...dialect.missingPlace)) return bucketNotFound(attempt, cause);
  const denial = Object.entries(dialect.denials).find(([word]) => is(word))?.[1];
  if (denial !== undefined) {
    const details = detailsOf(attempt, status);
    return new OdoError('ACCESS_DENIED', `${endpoint} ${denial[0]}.`, { hint: denial[1], details, cause });
  }
  const particular = dialect.particular(foreign, attempt, cause);
  if (particular !== null) return particular;
  if (status === 412) return objectChanged(attempt, 'has another ETag than before', cause);
  if (status === 416) return objectChanged(attempt, 'is shorter than its listing said', cause);
  if (status === 404) return key === null ? bucketNotFound(attempt, cause) : objectNotFound(attempt, cause);
  if (status === 401 || status === 403) return accessDenied(attempt, dialect, cause);
  return storeUnavailable(foreign, attempt, cause);
}

export function accessDenied(attempt: StoreAttempt, dialect: StoreDialect, cause: unknown): OdoError {
  return new OdoError('ACCESS_DENIED', `${attempt.endpoint} denies access to ${whatOf(attempt)}.`, {
    hint: dialect.deniedHint(attempt),
    details: detailsOf(attempt, foreignError(cause).status),
    cause,
  });
}

/** Every other failure may pass: 5xx, SlowDown, timeouts, names that do not resolve, broken connections. */
function storeUnavailable(
  { name, status, code }: ForeignError,
  attempt: StoreAttempt,
  cause: unknown,
): OdoError {
  const reason =
    code !== null && networkCodes.includes(code)
      ? networkReason(code)
      : name === 'TimeoutError'
        ? 'did not answer in time'
        : name === 'MalformedAnswer'
          ? 'answered something that is not HTTP'
          : status !== null && status < 300
            ? 'gave an answer that cannot be read'
            : status !== null
              ? `answered ${status}${name === '' || name === 'Error' ? '' : ` (${name})`}`
              : 'could not be reached';
  return new OdoError(
    'STORAGE_UNAVAILABLE',
    `${attempt.endpoint} ${reason} while ${doingOf(attempt)} ${whatOf(attempt)}.`,
    {
      hint: 'Check the endpoint’s address (-e), the network and the store’s health, then try again (a run that had begun: odo resume).',
      details: { ...detailsOf(attempt, status), ...(code === null ? {} : { reason: code }) },
      cause,
    },
  );
}

export function networkReason(code: string): string {
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
export function bucketNotFound(attempt: StoreAttempt, cause?: unknown): OdoError {
  const { bucket, endpoint } = attempt;
  const doubled = endpoint.includes(`//${bucket}.`);
  return new OdoError('BUCKET_NOT_FOUND', `There is no ${placeOf(attempt)} at ${endpoint}.`, {
    hint: doubled
      ? `The endpoint already begins with the bucket’s name: give it without ${bucket}.`
      : attempt.store === 'web'
        ? 'Check the address. A bucket is s3://BUCKET/PREFIX with its host in -e.'
        : `Check the ${placeWords[attempt.store]}’s name in the address and the endpoint (-e).`,
    details: { bucket, endpoint },
    cause,
  });
}

export function objectNotFound(attempt: StoreAttempt, cause?: unknown): OdoError {
  const { bucket, endpoint, key } = attempt;
  return new OdoError('OBJECT_NOT_FOUND', `There is no object ${key} in ${placeOf(attempt)}.`, {
    hint: 'It may have been deleted by a retention rule. List what is there with: odo backups',
    details: { bucket, endpoint, key },
    cause,
  });
}

export function objectChanged(attempt: StoreAttempt, how: string, cause?: unknown): OdoError {
  const { bucket, endpoint, key } = attempt;
  return new OdoError('OBJECT_CHANGED', `${key} in ${placeOf(attempt)} ${how}: somebody replaced it.`, {
    hint: 'Start a new restore; this one would mix two versions of the backup.',
    details: { bucket, endpoint, key },
    cause,
  });
}

/** A body that ended in good order, but before its time. */
export function bodyTruncated(
  { bucket, endpoint, key }: StoreAttempt,
  { got, wanted }: { got: number; wanted: number },
): OdoError {
  return new OdoError('OBJECT_TRUNCATED', `${endpoint} ended ${key} after ${got} of ${wanted} bytes.`, {
    hint: 'The connection broke or the store is overloaded; try again later (a run that had begun: odo resume).',
    details: { bucket, endpoint, key, got, wanted },
  });
}

/** Whether the store had said yes, and then not what belongs to it. */
export function isUnreadable(error: unknown): boolean {
  if (!(error instanceof OdoError) || error.code !== 'STORAGE_UNAVAILABLE') return false;
  const status = error.details?.['status'];
  return typeof status === 'number' && status < 300;
}

/** Whether the store asked to be asked less: 503 (SlowDown and its like) and 429. */
export function isThrottling(error: unknown): boolean {
  if (!(error instanceof OdoError)) return false;
  const status = error.details?.['status'];
  return status === 503 || status === 429;
}
