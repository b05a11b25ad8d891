import { closeSync, writeSync } from 'node:fs';

/** Contents of files that are open, in shared memory; plain data, so that a thread can be told it. */
export interface SmallContents {
  readonly memory: ArrayBufferLike;
  readonly files: readonly SmallContent[];
}

export interface SmallContent {
  readonly fd: number;
  /** In the file. @unit bytes */
  readonly position: number;
  /** In the memory. @unit bytes */
  readonly at: number;
  /** @unit bytes */
  readonly length: number;
}

/** The first of the files that failed, and the system's error. */
export interface SmallContentsFailure {
  readonly index: number;
  readonly error: Error;
}

/** Writes and closes every file, also those behind one that fails. */
export function writeSmallContents(
  { memory, files }: SmallContents,
  calls: {
    readonly write: (fd: number, bytes: Uint8Array, position: number) => number;
    readonly close: (fd: number) => void;
  } = realCalls,
): SmallContentsFailure | null {
  let failure: SmallContentsFailure | null = null;
  const attempt = (index: number, action: () => void): void => {
    try {
      action();
    } catch (error) {
      failure ??= { index, error: error as Error };
    }
  };
  for (const [index, { fd, position, at, length }] of files.entries()) {
    attempt(index, () => {
      for (let done = 0; done < length; ) {
        done += calls.write(fd, new Uint8Array(memory, at + done, length - done), position + done);
      }
    });
    // NFS and some quotas report here what they could not write.
    attempt(index, () => calls.close(fd));
  }
  return failure;
}

const realCalls = {
  write: (fd: number, bytes: Uint8Array, position: number) =>
    writeSync(fd, bytes, 0, bytes.byteLength, position),
  close: closeSync,
};
