import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3Credentials } from './credentials.ts';
import { s3Error } from './s3-errors.ts';
import { parseEndpoint } from './storage-url.ts';
import type { StoreAttempt } from './store-errors.ts';

export interface S3StorageOptions {
  readonly bucket: string;
  /** S3-compatible store; null means AWS. */
  readonly endpoint?: string | null;
  readonly region?: string | null;
  /** Null: the SDK's own chain (environment, profile, instance). */
  readonly credentials?: S3Credentials | null;
  /** @default true when an endpoint is given */
  readonly forcePathStyle?: boolean;
  /** Tries of one call before its body begins. @default 4 */
  readonly maxAttempts?: number;
  /** Until the connection stands. @unit ms @default 10000 */
  readonly connectTimeoutMs?: number;
  /** Until the answer's headers, and between two pieces of a small object. @unit ms @default 30000 */
  readonly answerTimeoutMs?: number;
}

/** One SDK call whose failure is translated and whose abort keeps its reason. */
export async function askS3<Output>(
  attempt: StoreAttempt,
  signal: AbortSignal,
  send: (abortSignal: AbortSignal) => Promise<Output>,
): Promise<Output> {
  signal.throwIfAborted();
  try {
    // A signal of its own: the SDK adds listeners for each call, and one signal serves a whole run.
    return await send(AbortSignal.any([signal]));
  } catch (error) {
    signal.throwIfAborted();
    throw s3Error(error, attempt);
  }
}

export interface S3ClientSettings {
  readonly settings: S3ClientConfig;
  /** Null: AWS. */
  readonly endpoint: string | null;
  /** For messages. */
  readonly place: string;
  readonly maxAttempts: number;
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
}

/** How this bucket's store is spoken to, whether it is read or written. */
export function s3ClientSettings(options: S3StorageOptions): S3ClientSettings {
  const endpoint = options.endpoint == null ? null : parseEndpoint(options.endpoint);
  const { maxAttempts = 4, answerTimeoutMs = 30_000, connectTimeoutMs = 10_000 } = options;
  // Compatible stores rarely care about the region, but the signature needs one.
  const region = options.region ?? (endpoint === null ? null : 'us-east-1');
  const settings: S3ClientConfig = {
    ...(region === null ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
    ...(options.credentials == null
      ? {}
      : {
          credentials: {
            accessKeyId: options.credentials.accessKeyId,
            secretAccessKey: options.credentials.secretAccessKey,
            ...(options.credentials.sessionToken === null
              ? {}
              : { sessionToken: options.credentials.sessionToken }),
          },
        }),
    forcePathStyle: options.forcePathStyle ?? endpoint !== null,
    followRegionRedirects: endpoint === null,
    maxAttempts,
    // Many compatible stores reject or garble the checksums that SDKs of 2025 and later ask for by default.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: answerTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: 64 },
      httpsAgent: { keepAlive: true, maxSockets: 64 },
    },
  };
  const place = endpoint ?? (region === null ? 'AWS S3' : `AWS S3 (${region})`);
  return { settings, endpoint, place, maxAttempts, connectTimeoutMs, answerTimeoutMs };
}
