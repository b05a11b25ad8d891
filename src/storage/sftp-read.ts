import type { SFTPWrapper } from 'ssh2';
import { OdoError } from '../errors/odo-error.ts';

/** Of one request: what every server grants. @unit bytes */
const requestBytes = 32 * 1024;

/** Requests of one range that are on their way at the same time: 1 MiB, some 10 ms of a fast connection. */
const requestsAtOnce = 32;

export interface SftpReading {
  /** How much is there without a gap. @unit bytes */
  readonly onProgress?: (bytes: number) => void;
  /** Asked before each request. */
  readonly isWanted: () => boolean;
  /** For messages. */
  readonly name: string;
}

/** Fills `target` from an open file. @throws OBJECT_TRUNCATED; what ssh2 throws */
export async function readInto(
  sftp: SFTPWrapper,
  handle: Buffer,
  from: number,
  target: Buffer,
  { onProgress, isWanted, name }: SftpReading,
): Promise<void> {
  const waiting: Promise<number>[] = [];
  let asked = 0;
  let arrived = 0;
  while (arrived < target.length) {
    for (; waiting.length < requestsAtOnce && asked < target.length && isWanted(); ) {
      const length = Math.min(requestBytes, target.length - asked);
      const piece = readPiece(sftp, handle, from, target, { at: asked, length });
      // A later one may fail while an earlier one is still waited for.
      piece.catch(() => undefined);
      waiting.push(piece);
      asked += length;
    }
    const next = waiting.shift();
    if (next === undefined) return;
    const wanted = Math.min(requestBytes, target.length - arrived);
    const got = await next;
    arrived += got;
    if (got < wanted) {
      throw new OdoError(
        'OBJECT_TRUNCATED',
        `${name} ends at byte ${from + arrived}, before ${from + target.length}.`,
        {
          hint: 'The file became shorter while it was read.',
          details: { got: arrived, wanted: target.length },
        },
      );
    }
    onProgress?.(arrived);
  }
}

/** A server may give less than it was asked for, and only nothing means the end. */
async function readPiece(
  sftp: SFTPWrapper,
  handle: Buffer,
  from: number,
  target: Buffer,
  { at, length }: { readonly at: number; readonly length: number },
): Promise<number> {
  let got = 0;
  while (got < length) {
    const count = await new Promise<number>((resolve, reject) => {
      sftp.read(handle, target, at + got, length - got, from + at + got, (error, bytesRead) => {
        if (error) reject(error);
        else resolve(bytesRead);
      });
    });
    if (count === 0) break;
    got += count;
  }
  return got;
}
