import {
  close,
  closeSync,
  constants,
  fstat,
  ftruncate,
  open,
  openSync,
  read,
  type Stats,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { writeContentsInThread } from './contents-thread.ts';
import { syncDirectory, syncFile } from './durable-fs.ts';
import type { SmallContents, SmallContentsFailure } from './small-contents.ts';

/** The calls of a writer that reach the disk; a test hands in its own to look at their order or to fail. */
export interface WriterCalls {
  /** Null where the platform has no such flag (macOS). */
  readonly directFlag: number | null;
  /** Large files, on libuv's threads. */
  readonly open: (path: string, flags: number, mode?: number) => Promise<number>;
  /** Returns the number of bytes, which may be fewer than were asked for. */
  readonly read: (fd: number, into: Uint8Array, position: number) => Promise<number>;
  readonly write: (fd: number, bytes: Uint8Array, position: number) => Promise<number>;
  readonly stat: (fd: number) => Promise<Stats>;
  readonly truncate: (fd: number, sizeBytes: number) => Promise<void>;
  readonly close: (fd: number) => Promise<void>;
  /** Small files are made on another thread; one that is there already, or synced half written, is handled on this. */
  readonly writeContents: (contents: SmallContents) => Promise<SmallContentsFailure[]>;
  readonly openNow: (path: string, flags: number, mode: number) => number;
  readonly writeNow: (fd: number, bytes: Uint8Array, position: number) => number;
  readonly closeNow: (fd: number) => void;
  /** Content and size of a file that is there. */
  readonly syncFile: (path: string) => Promise<void>;
  readonly syncDirectory: (path: string) => Promise<void>;
}

const readAsync = promisify(read);
const writeAsync = promisify(write);
const openAsync = promisify(open);

export const realCalls: WriterCalls = {
  directFlag: (constants as { readonly O_DIRECT?: number }).O_DIRECT ?? null,
  open: (path, flags, mode) => openAsync(path, flags, mode),
  read: async (fd, into, position) => (await readAsync(fd, into, 0, into.byteLength, position)).bytesRead,
  write: async (fd, bytes, position) =>
    (await writeAsync(fd, bytes, 0, bytes.byteLength, position)).bytesWritten,
  stat: promisify(fstat),
  truncate: promisify(ftruncate),
  close: promisify(close),
  writeContents: writeContentsInThread,
  openNow: openSync,
  writeNow: (fd, bytes, position) => writeSync(fd, bytes, 0, bytes.byteLength, position),
  closeNow: closeSync,
  syncFile: (path) => syncFile(path, 'content'),
  syncDirectory: (path) => syncDirectory(path),
};
