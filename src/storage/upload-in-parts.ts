import { createHash } from 'node:crypto';
import { OdoError } from '../errors/odo-error.ts';
import { equalParts } from './equal-parts.ts';
import type { UploadedObject, UploadOptions } from './object-writer.ts';

/** What S3 takes. */
const mostParts = 10_000;
/** Parts on their way at the same time; each is in memory as a whole. */
const partsAtOnce = 4;

/** A store's calls for one object; every `put` may be repeated. */
export interface PartStore {
  /** An object that is smaller than one part. */
  putWhole(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  begin(signal: AbortSignal): Promise<string>;
  /** The part's ETag; numbers begin at 1. */
  put(upload: string, number: number, bytes: Uint8Array, signal: AbortSignal): Promise<string>;
  complete(upload: string, etags: readonly string[], signal: AbortSignal): Promise<void>;
  abort(upload: string): Promise<void>;
}

/** Cuts a stream into parts of one size (some stores insist on that) and stores a few of them at a time. */
export async function uploadInParts(
  key: string,
  store: PartStore,
  chunks: AsyncIterable<Uint8Array>,
  { partBytes, signal, onStored }: UploadOptions,
): Promise<UploadedObject> {
  const hash = createHash('sha256');
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal]);
  const underWay = new Set<Promise<void>>();
  const etags: string[] = [];
  let upload: string | null = null;
  let sizeBytes = 0;
  let storedBytes = 0;

  async function send(number: number, bytes: Uint8Array): Promise<void> {
    if (upload === null) return;
    etags[number - 1] = await store.put(upload, number, bytes, either);
    storedBytes += bytes.length;
    onStored?.(storedBytes);
  }

  async function begin(bytes: Uint8Array): Promise<void> {
    upload ??= await store.begin(either);
    const number = etags.length + 1;
    if (number > mostParts) throw tooLarge(key, partBytes);
    etags.push('');
    if (underWay.size >= partsAtOnce) await Promise.race(underWay);
    broken.signal.throwIfAborted();
    const sending: Promise<void> = send(number, bytes)
      .catch((error: unknown) => broken.abort(error))
      .finally(() => underWay.delete(sending));
    underWay.add(sending);
  }

  try {
    let last: Uint8Array = new Uint8Array();
    for await (const part of equalParts(chunks, partBytes)) {
      either.throwIfAborted();
      hash.update(part);
      sizeBytes += part.length;
      if (part.length === partBytes) await begin(part);
      else last = part;
    }
    if (upload === null) {
      await store.putWhole(last, either);
      onStored?.(sizeBytes);
    } else {
      if (last.length > 0) await begin(last);
      await Promise.all(underWay);
      either.throwIfAborted();
      await store.complete(upload, etags, either);
    }
    return { key, sizeBytes, sha256: hash.digest('hex') };
  } catch (error) {
    broken.abort(error);
    await Promise.all(underWay);
    // What cannot be taken back now is invisible, and a lifecycle rule of the bucket removes it.
    if (upload !== null) await store.abort(upload).catch(() => {});
    throw error;
  }
}

const tooLarge = (key: string, partBytes: number): OdoError =>
  new OdoError(
    'STEP_FAILED',
    `${key} became larger than ${mostParts} parts of ${partBytes / 1024 ** 2} MiB, the most that the store takes.`,
    {
      hint: 'The size of the database could not be foreseen: let odo ask it as a superuser, or compress more.',
    },
  );
