import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { OdoError } from '../errors/odo-error.ts';
import { fileEtag } from './etag.ts';
import { fileError } from './file-errors.ts';
import type { FileRangeLocation } from './range-location.ts';
import type { RangeReading } from './range-reading.ts';

/** One attempt at a range of a local file. @throws what `fileError` makes, OBJECT_CHANGED, OBJECT_TRUNCATED */
export async function* readFileRange(
  { path, range, etag, key }: FileRangeLocation,
  { signal, allocate }: Pick<RangeReading, 'signal' | 'allocate'>,
): AsyncGenerator<Uint8Array> {
  try {
    await using handle = await open(path, constants.O_RDONLY);
    const found = await handle.stat({ bigint: true });
    if (!found.isFile() || fileEtag(found) !== etag) {
      throw new OdoError('OBJECT_CHANGED', `${path} changed since the restore was planned.`, {
        hint: 'Start a new restore; this one would mix two versions of the backup.',
        details: { key },
      });
    }
    for (let at = range.from; at < range.to; ) {
      signal.throwIfAborted();
      const buffer = allocate(range.to - at);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) {
        throw new OdoError('OBJECT_TRUNCATED', `${path} ends at byte ${at}, before ${range.to}.`, {
          hint: 'The file became shorter while it was read.',
          details: { key, got: at - range.from, wanted: range.to - range.from },
        });
      }
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw fileError(error, path);
  }
}
