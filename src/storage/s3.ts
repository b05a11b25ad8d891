import {
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { OdoError } from '../errors/odo-error.ts';
import { bareEtag } from './etag.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';
import { isRetryable, withRetries } from './retryable.ts';
import { boundAnswers } from './s3-answer-limit.ts';
import { askS3, type S3StorageOptions, s3ClientSettings } from './s3-client.ts';
import { s3Error } from './s3-errors.ts';
import { listPages } from './s3-pages.ts';
import { refusedRegion, signedRequest } from './s3-signing.ts';
import { readAll } from './small-object.ts';
import { bucketNotFound, isUnreadable, type StoreAttempt } from './store-errors.ts';

export type { S3StorageOptions };

/** Reads a bucket of AWS S3 or of a compatible store. */
export function openS3Storage(options: S3StorageOptions): ObjectStorage {
  const { bucket } = options;
  const { settings, endpoint, place, maxAttempts, connectTimeoutMs, answerTimeoutMs } =
    s3ClientSettings(options);
  const client = new S3Client(settings);
  boundAnswers(client, answerTimeoutMs);
  // Signs ranges, for the bucket's own region once that is known.
  let readingClient = client;
  let isIntroduced = false;
  const attemptAt = (key: string | null): StoreAttempt => ({ store: 's3', bucket, endpoint: place, key });

  async function call<Output>(
    key: string | null,
    signal: AbortSignal,
    send: (abortSignal: AbortSignal) => Promise<Output>,
    more: Pick<StoreAttempt, 'prefix' | 'isWriting'> = {},
  ): Promise<Output> {
    const output = await askS3({ ...attemptAt(key), ...more }, signal, send);
    if (endpoint !== null) isIntroduced = true;
    return output;
  }

  async function readWhole(key: string, signal: AbortSignal): Promise<Uint8Array> {
    const answer = await call(key, signal, (abortSignal) =>
      client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal }),
    );
    return readAll(answer.Body, {
      attempt: attemptAt(key),
      expectedBytes: answer.ContentLength ?? null,
      stallMs: answerTimeoutMs,
      signal,
      translate: (error) => s3Error(error, attemptAt(key)),
    });
  }

  const storage: ObjectStorage = {
    description: `s3://${bucket} at ${place}`,

    async *list(prefix, { signal, startAfter }) {
      for await (const page of pages({ Prefix: prefix }, signal, startAfter ?? null)) {
        for (const object of page.Contents ?? []) {
          if (object.Key === undefined) continue;
          yield {
            key: object.Key,
            sizeBytes: sizeOf(object.Size, object.Key),
            etag: bareEtag(object.ETag),
            modifiedAt: timeOf(object.LastModified),
            storageClass: object.StorageClass ?? null,
          };
        }
      }
    },

    async listFolders(prefix, signal) {
      const folders = new Set<string>();
      for await (const page of pages({ Prefix: prefix, Delimiter: '/' }, signal, null)) {
        for (const { Prefix: folder } of page.CommonPrefixes ?? [])
          if (folder !== undefined) folders.add(folder);
      }
      return [...folders].sort();
    },

    async stat(key, signal): Promise<StoredObject | null> {
      try {
        const head = await call(key, signal, (abortSignal) =>
          client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal }),
        );
        return {
          key,
          sizeBytes: sizeOf(head.ContentLength, key),
          etag: bareEtag(head.ETag),
          modifiedAt: timeOf(head.LastModified),
          storageClass: head.StorageClass ?? null,
        };
      } catch (error) {
        if (!(error instanceof OdoError) || error.code !== 'OBJECT_NOT_FOUND') throw error;
        await requireBucket(signal);
        return null;
      }
    },

    async locate({ key, etag }, range, signal) {
      await introduce(signal);
      const get = new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        Range: `bytes=${range.from}-${range.to - 1}`,
        // A store that lists no ETag has nothing to pin by.
        ...(etag === '' ? {} : { IfMatch: `"${etag}"` }),
      });
      const signed = await call(key, signal, () => signedRequest(readingClient, get));
      return {
        kind: 'http',
        ...signed,
        range,
        etag,
        ...attemptAt(key),
        key,
        connectTimeoutMs,
        answerTimeoutMs,
      };
    },

    async readSmall(key, signal) {
      return withRetries(signal, () => readWhole(key, signal));
    },

    async writeSmall(key, bytes, signal) {
      await call(
        key,
        signal,
        (abortSignal) =>
          client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }), { abortSignal }),
        { isWriting: true },
      );
    },

    close() {
      client.destroy();
      readingClient.destroy();
    },
  };

  /**
   * Ranges are asked for without the SDK, which would learn two things from an answer and try again: how wrong this
   * machine's clock is, and on AWS in which region the bucket lies. So it gets to see one answer first.
   */
  async function introduce(signal: AbortSignal): Promise<void> {
    if (isIntroduced) return;
    let bucketRegion: string | undefined;
    try {
      const head = await call(null, signal, (abortSignal) =>
        client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal }),
      );
      bucketRegion = head.BucketRegion;
    } catch (error) {
      signal.throwIfAborted();
      // A refusal says as much; whether it holds for the object as well is for the read to find out.
      if (!(error instanceof OdoError) || (isRetryable(error) && error.details?.['status'] === undefined))
        throw error;
      bucketRegion = refusedRegion(error.cause);
    }
    if (isIntroduced) return;
    isIntroduced = true;
    if (endpoint === null && bucketRegion !== undefined && bucketRegion !== (await client.config.region())) {
      readingClient = new S3Client({
        ...settings,
        region: bucketRegion,
        credentials: client.config.credentials,
      });
    }
  }

  function sizeOf(bytes: number | undefined, key: string): number {
    if (bytes === undefined) return 0;
    if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
    throw new OdoError('STORAGE_UNAVAILABLE', `${place} says that ${key} has ${bytes} bytes.`, {
      hint: 'A proxy may have answered in the store’s place; use the store’s own endpoint.',
      details: { bucket, key },
    });
  }

  /** A HEAD answers 404 for a missing bucket too, and has no body to tell which. */
  async function requireBucket(signal: AbortSignal): Promise<void> {
    try {
      await call(null, signal, (abortSignal) =>
        client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal }),
      );
    } catch (error) {
      // Without the right to look, the store would not have said 404 about the object either.
      if (error instanceof OdoError && error.code === 'ACCESS_DENIED') return;
      throw error instanceof OdoError && error.code === 'BUCKET_NOT_FOUND'
        ? bucketNotFound(attemptAt(null), error.cause)
        : error;
    }
  }

  const pages = (
    query: { Prefix: string; Delimiter?: string },
    signal: AbortSignal,
    startAfter: string | null,
  ) =>
    listPages(startAfter, { bucket, place, prefix: query.Prefix }, (position) => {
      const list = () =>
        call(
          null,
          signal,
          (abortSignal) =>
            client.send(new ListObjectsV2Command({ Bucket: bucket, ...query, ...position }), { abortSignal }),
          { prefix: query.Prefix },
        );
      // The SDK tries again what failed, but not what came in half and cannot be read.
      return withRetries(signal, list, maxAttempts, isUnreadable);
    });

  return storage;
}

/** RFC 3339; the epoch for what is no time. */
function timeOf(time: Date | undefined): string {
  return time === undefined || Number.isNaN(time.getTime()) ? new Date(0).toISOString() : time.toISOString();
}
