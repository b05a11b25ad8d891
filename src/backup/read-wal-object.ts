import { decodedChunks } from '../archive/decoded-chunks.ts';
import { OdoError } from '../errors/odo-error.ts';
import { readObject } from '../storage/object-reader.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { codecOf, sniffBytes } from './codec-magic.ts';
import type { PinnedObject } from './object-head.ts';

export interface WalReading {
  /** The most to ask for at once. @unit bytes */
  readonly rangeBytes: number;
  readonly signal: AbortSignal;
  /** Of one range. @default as `readObject` has it */
  readonly retries?: number;
}

/**
 * What an object of a WAL archive holds, unpacked as its content says. A chunk is valid until the next one is asked for.
 * @throws ARCHIVE_CORRUPT, FORMAT_UNKNOWN, and what reading can end with
 */
export async function* readWalObject(
  storage: Pick<ObjectStorage, 'locate'>,
  object: PinnedObject,
  { rangeBytes, signal, retries }: WalReading,
): AsyncGenerator<Uint8Array> {
  const stored = readObject(storage, object, {
    signal,
    // Several objects are read at the same time, and none is larger than a segment.
    memoryBytes: 8 * 1024 * 1024,
    rangeBytes: Math.min(rangeBytes, 4 * 1024 * 1024),
    ...(retries === undefined ? {} : { retries }),
  });
  try {
    let head: Uint8Array = new Uint8Array();
    while (head.length < sniffBytes) {
      const next = await stored.next();
      if (next.done === true) break;
      head = Buffer.concat([head, next.value]);
    }
    if (head.length === 0) throw damagedWal(object.key, 'is empty');
    const codec = codecOf(head, object.key);
    // Text has no magic; a segment that is none is found by its first page.
    yield* decodedChunks(behind(head, stored), {
      codec: codec === 'unknown' ? 'none' : codec,
      name: object.key,
    });
  } finally {
    await stored.return(undefined);
  }
}

async function* behind(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* rest;
}

const inspectedAnew =
  'Recovery cannot pass it. Restore the object from another copy of the archive, then try again.';

export const damagedWal = (key: string, what: string, hint = inspectedAnew): OdoError =>
  new OdoError('ARCHIVE_CORRUPT', `The WAL object ${key} ${what}.`, { hint, details: { key } });
