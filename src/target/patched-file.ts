import { constants } from 'node:fs';
import { OdoError } from '../errors/odo-error.ts';
import { systemCode } from './fs-errors.ts';
import type { FileToPatch } from './tree.ts';
import type { WriterCalls } from './writer-calls.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/**
 * A file of an earlier archive that is changed in places. Written by synchronous calls through the page cache: the
 * places are single blocks more often than not, which are cheaper to gather there than to write one by one.
 */
export class PatchedFile {
  readonly path: string;
  readonly #calls: WriterCalls;
  readonly #fd: number;

  private constructor(calls: WriterCalls, path: string, fd: number) {
    this.#calls = calls;
    this.path = path;
    this.#fd = fd;
  }

  /** `path`: absolute. Size and kept bytes are as wanted when it resolves. */
  static async open(
    calls: WriterCalls,
    path: string,
    { keepBytes, sizeBytes }: Pick<FileToPatch, 'keepBytes' | 'sizeBytes'>,
  ): Promise<PatchedFile> {
    const fd = openThere(calls, path);
    try {
      const stats = await calls.stat(fd);
      if (!stats.isFile()) throw changed(path, 'is no longer a file');
      if (keepBytes !== null && keepBytes < stats.size) await calls.truncate(fd, keepBytes);
      if (sizeBytes !== null && sizeBytes !== Math.min(stats.size, keepBytes ?? stats.size)) {
        await calls.truncate(fd, sizeBytes);
      }
      return new PatchedFile(calls, path, fd);
    } catch (error) {
      calls.closeNow(fd);
      throw error;
    }
  }

  write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.byteLength; ) {
      done += this.#calls.writeNow(this.#fd, bytes.subarray(done), position + done);
    }
  }

  close(): void {
    this.#calls.closeNow(this.#fd);
  }
}

function openThere(calls: WriterCalls, path: string): number {
  try {
    // O_NONBLOCK: a pipe that stands there now must not make odo wait for its reader.
    return calls.openNow(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    if (!['ENOENT', 'ELOOP', 'EISDIR', 'ENXIO'].includes(systemCode(error) ?? '')) throw error;
    throw changed(path, 'is no longer the file that the run wrote', error);
  }
}

function changed(path: string, what: string, cause?: unknown): OdoError {
  return new OdoError('TARGET_CHANGED', `${path} ${what}.`, {
    hint: 'Something else changed the target; find out what, or restore from the beginning.',
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
