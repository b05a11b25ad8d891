import { OdoError } from '../errors/odo-error.ts';
import {
  accessDenied,
  bucketNotFound,
  detailsOf,
  objectChanged,
  objectNotFound,
  placeOf,
  type StoreAttempt,
  type StoreDialect,
  storeError,
} from './store-errors.ts';

const expired = [
  'says that the session token has expired',
  'Get new temporary credentials, then run the command again.',
] as const;

const noCredentials = ['CredentialsProviderError', 'TokenProviderError'];
const wrongRegion = [
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
];

/** S3 and what speaks its protocol. */
export const s3Dialect: StoreDialect = {
  missingPlace: ['NoSuchBucket'],
  denials: {
    InvalidAccessKeyId: [
      'does not know the access key',
      'Check AWS_ACCESS_KEY_ID (or -a) and that it belongs to this endpoint.',
    ],
    SignatureDoesNotMatch: [
      'rejects the signature, so the secret key is wrong',
      'Check AWS_SECRET_ACCESS_KEY (or -s), the region and this machine’s clock.',
    ],
    ExpiredToken: expired,
    TokenRefreshRequired: expired,
    InvalidToken: ['rejects the session token', 'Check AWS_SESSION_TOKEN, or unset it for permanent keys.'],
    RequestTimeTooSkewed: [
      'says that this machine’s clock is wrong',
      'Set the clock, then run the command again.',
    ],
  },
  deniedHint({ bucket, key, prefix, isWriting, isRemoving }) {
    const policy = 'docs/sources.md has a policy to copy.';
    if (key === null) {
      const where = prefix ? ` for the prefix ${prefix}` : '';
      return `The credentials need s3:ListBucket on arn:aws:s3:::${bucket}${where}. ${policy}`;
    }
    const object = `arn:aws:s3:::${bucket}/${key}`;
    if (isRemoving === true)
      return `The credentials need s3:DeleteObject on ${object}. docs/backing-up.md has a policy to copy.`;
    return isWriting === true
      ? `The credentials need s3:PutObject on ${object} (and kms:GenerateDataKey where the bucket is encrypted with a KMS key). ${policy}`
      : `The credentials need s3:GetObject on ${object} (and kms:Decrypt where it is encrypted with a KMS key). Without s3:ListBucket, a missing object looks the same. ${policy}`;
  },
  particular({ is, status, message }, attempt, cause) {
    const { bucket, endpoint, key } = attempt;
    const details = detailsOf(attempt, status);
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
        { hint: 'Give the bucket’s region with -r or AWS_DEFAULT_REGION.', details, cause },
      );
    }
    if (is('InvalidObjectState')) {
      const what = key === null ? placeOf(attempt) : `${key} in ${placeOf(attempt)}`;
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
    // Some stores give a code and no status, or another status than AWS.
    if (is('PreconditionFailed')) return objectChanged(attempt, 'has another ETag than before', cause);
    if (is('InvalidRange')) return objectChanged(attempt, 'is shorter than its listing said', cause);
    if (is('NoSuchKey', 'NotFound'))
      return key === null ? bucketNotFound(attempt, cause) : objectNotFound(attempt, cause);
    return is('AccessDenied') ? accessDenied(attempt, s3Dialect, cause) : null;
  },
};

/** Any failure of an S3 call as an OdoError. */
export const s3Error = (cause: unknown, attempt: StoreAttempt): OdoError =>
  storeError(cause, attempt, s3Dialect);
