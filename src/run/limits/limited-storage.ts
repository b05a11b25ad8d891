import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { RateLimiter } from './rate-limit.ts';

/** The store, read no faster than the limiter lets. Listings and metadata are not counted: they are small. */
export function limitedStorage(storage: ObjectStorage, limiter: RateLimiter): ObjectStorage {
  return {
    ...storage,
    async *readRange(object, range, signal) {
      await limiter.take(range.to - range.from, signal);
      yield* storage.readRange(object, range, signal);
    },
    async readSmall(key, signal) {
      const bytes = await storage.readSmall(key, signal);
      // Its size is known only now: whoever reads next waits for it as well.
      await limiter.take(bytes.length, signal);
      return bytes;
    },
  };
}
