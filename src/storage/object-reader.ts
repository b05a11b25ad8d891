import { OdoError } from '../errors/odo-error.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';
import { RangeFetch } from './range-fetch.ts';
import type { ReadObjectOptions } from './read-options.ts';

/**
 * The bytes of an object in order, from an offset to its end, fetched by several ranged reads at a time. No single
 * request lives long: stores close connections that a slow decoder leaves unread, and a broken range costs only
 * itself. A range that fails goes on at the byte it had reached.
 */
export async function* readObject(
  storage: ObjectStorage,
  object: Pick<StoredObject, 'key' | 'etag' | 'sizeBytes'>,
  options: ReadObjectOptions,
): AsyncGenerator<Uint8Array> {
  const { from = 0, rangeBytes = 8 * 1024 * 1024, inFlight = 4 } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const fetches: RangeFetch[] = [];
  let asked = from;
  let given = from;
  const askForMore = () => {
    while (fetches.length < inFlight && asked < object.sizeBytes) {
      const to = Math.min(asked + rangeBytes, object.sizeBytes);
      fetches.push(new RangeFetch(storage, object, { from: asked, to }, { ...options, signal }));
      asked = to;
    }
  };
  try {
    options.signal.throwIfAborted();
    askForMore();
    for (let fetch = fetches[0]; fetch !== undefined; fetch = fetches[0]) {
      for await (const chunk of fetch.chunks()) {
        given += chunk.length;
        yield chunk;
      }
      fetches.shift();
      askForMore();
    }
    if (given !== Math.max(from, object.sizeBytes)) {
      throw new OdoError(
        'OBJECT_TRUNCATED',
        `${object.key} ended after ${given} of ${object.sizeBytes} bytes.`,
        {
          hint: 'The store gave less than it announced; resume later.',
          details: { key: object.key, got: given, wanted: object.sizeBytes },
        },
      );
    }
  } finally {
    stop.abort();
    await Promise.allSettled(fetches.map((fetch) => fetch.ended));
  }
}
