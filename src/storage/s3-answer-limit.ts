import { pipeline, Readable, Transform } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';

/** A page of a listing has a thousand keys of at most a kilobyte, and some XML around each. @unit bytes */
const answerLimitBytes = 32 * 1024 * 1024;

/**
 * The SDK gathers an answer in memory before it parses it, however long it is, and waits for each piece of it for ever.
 * Here one that is no object's content is broken off where no honest one gets to, and when nothing comes for `stallMs`.
 */
export function boundAnswers(client: S3Client, stallMs: number): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const answer = result.response as { statusCode?: number; body?: unknown };
      const isContent = context.commandName === 'GetObjectCommand' && (answer.statusCode ?? 500) < 300;
      if (!isContent && answer.body instanceof Readable) answer.body = bounded(answer.body, stallMs);
      return result;
    },
    // The last before the wire.
    { step: 'deserialize', priority: 'low', name: 'odoBoundAnswers' },
  );
}

function bounded(body: Readable, stallMs: number): Readable {
  let bytes = 0;
  const limit = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      stalled.refresh();
      bytes += chunk.length;
      if (bytes <= answerLimitBytes) done(null, chunk);
      else done(new EndlessAnswer('The answer does not end.'));
    },
  });
  // The SDK takes every piece at once, so that only the store can be slow.
  const stalled = setTimeout(() => limit.destroy(new SilentAnswer(stallMs)), stallMs);
  // What went wrong reaches the reader of `limit`.
  pipeline(body, limit, () => clearTimeout(stalled));
  return limit;
}

/** Named as the SDK's own, which makes such a request again. */
class SilentAnswer extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'ETIMEDOUT';

  constructor(stallMs: number) {
    super(`No byte of the answer arrived for ${stallMs / 1000} s.`);
  }
}

/** Translated by `s3Error`, as everything that the SDK throws. */
class EndlessAnswer extends Error {
  override readonly name = 'EndlessAnswer';
}
