import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { OdoError } from '../errors/odo-error.ts';
import type { ObjectWriter } from './object-writer.ts';
import { withRetries } from './retryable.ts';
import { boundAnswers } from './s3-answer-limit.ts';
import { askS3, type S3StorageOptions, s3ClientSettings } from './s3-client.ts';
import { foreignError, type StoreAttempt } from './store-errors.ts';
import { type PartStore, uploadInParts } from './upload-in-parts.ts';

/** Longest silence of a connection while a part goes over it: slow lines take minutes for one. @unit ms */
const idleMs = 60_000;
/** A store puts the parts of a large object together before it answers. @unit ms */
const completionMs = 10 * 60_000;
/** What an interruption still waits for, to leave nothing behind. @unit ms */
const tidyMs = 30_000;

/** Writes to a bucket of AWS S3 or of a compatible store. */
export function openS3Writer(options: S3StorageOptions): ObjectWriter {
  const { bucket } = options;
  const { settings, place, connectTimeoutMs } = s3ClientSettings(options);
  const client = new S3Client({
    ...settings,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      socketTimeout: idleMs,
      httpAgent: { keepAlive: true, maxSockets: 64 },
      httpsAgent: { keepAlive: true, maxSockets: 64 },
    },
  });
  boundAnswers(client, completionMs);

  const attemptAt = (key: string, isRemoving = false): StoreAttempt => ({
    store: 's3',
    bucket,
    endpoint: place,
    key,
    ...(isRemoving ? { isRemoving } : { isWriting: true }),
  });

  /** Only where nothing is there. Stores that do not know the condition say so, and are asked without it. */
  async function unlessThere<Output>(
    key: string,
    signal: AbortSignal,
    send: (condition: { IfNoneMatch?: string }, abortSignal: AbortSignal) => Promise<Output>,
  ): Promise<Output> {
    try {
      return await askS3(attemptAt(key), signal, (abortSignal) => send({ IfNoneMatch: '*' }, abortSignal));
    } catch (error) {
      const { status } = foreignError(error instanceof OdoError ? error.cause : error);
      if (status === 412 || status === 409) throw isThere(key, error);
      if (status !== 501) throw error;
      return askS3(attemptAt(key), signal, (abortSignal) => send({}, abortSignal));
    }
  }

  const isThere = (key: string, cause: unknown): OdoError =>
    new OdoError(
      'OBJECT_CHANGED',
      `${key} in bucket ${bucket} is there already, or somebody writes it now.`,
      {
        hint: 'Another backup was begun at the same moment; try again.',
        details: { bucket, key },
        cause,
      },
    );

  async function putWhole(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await unlessThere(key, signal, (condition, abortSignal) =>
      client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, ...condition }), {
        abortSignal,
      }),
    );
  }

  /** The store's side of one object in parts. */
  const partsOf = (key: string): PartStore => ({
    putWhole: (bytes, signal) => putWhole(key, bytes, signal),
    async begin(signal) {
      const { UploadId } = await askS3(attemptAt(key), signal, (abortSignal) =>
        client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }), { abortSignal }),
      );
      if (UploadId === undefined)
        throw new OdoError('STORAGE_UNAVAILABLE', `${place} began an upload of ${key} without naming it.`);
      return UploadId;
    },
    put: (upload, number, bytes, signal) =>
      withRetries(signal, async () => {
        const part = { Bucket: bucket, Key: key, UploadId: upload, PartNumber: number, Body: bytes };
        const { ETag = '' } = await askS3(attemptAt(key), signal, (abortSignal) =>
          client.send(new UploadPartCommand(part), { abortSignal }),
        );
        return ETag;
      }),
    async complete(upload, etags, signal) {
      const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
      await unlessThere(key, signal, (condition, abortSignal) =>
        client.send(
          new CompleteMultipartUploadCommand({
            ...{ Bucket: bucket, Key: key, UploadId: upload },
            MultipartUpload: { Parts },
            ...condition,
          }),
          { abortSignal },
        ),
      );
    },
    async abort(upload) {
      await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: upload }), {
        abortSignal: AbortSignal.timeout(tidyMs),
      });
    },
  });

  return {
    upload: (key, chunks, how) => uploadInParts(key, partsOf(key), chunks, how),
    create: putWhole,
    async remove(key, signal) {
      await askS3(attemptAt(key, true), signal, (abortSignal) =>
        client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal }),
      );
    },
    close: () => client.destroy(),
  };
}
