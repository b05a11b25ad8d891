import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { RateLimiter } from './rate-limit.ts';

/** The store, read no faster than the limiter lets. Listings and metadata are not counted: they are small. */
export function limitedStorage(storage: ObjectStorage, limiter: RateLimiter): ObjectStorage {
  return {
    ...storage,
    async locate(object, range, signal) {
      // First: where the bytes are is signed, and a signature does not hold for long.
      await limiter.take(range.to - range.from, signal);
      return storage.locate(object, range, signal);
    },
    async readSmall(key, signal) {
      const bytes = await storage.readSmall(key, signal);
      // Its size is known only now: whoever reads next waits for it as well.
      await limiter.take(bytes.length, signal);
      return bytes;
    },
  };
}
