import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { systemCode } from './fs-errors.ts';
import type { Owner } from './tree.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/** Of a file to make, never the content of whatever had this name (a hard link's, for one). */
export const newFileFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;

const mode = 0o600;

/** Small files and what they get, in shared memory; plain data, so that a thread can be told it. */
export interface SmallContents {
  readonly memory: ArrayBufferLike;
  readonly files: readonly SmallContent[];
  /** Of the files that are made; null: whoever runs odo. */
  readonly owner: Owner | null;
}

export interface SmallContent {
  /** The descriptor of one that is open, or the absolute path of one to make. */
  readonly file: number | string;
  /** In the file. @unit bytes */
  readonly position: number;
  /** In the memory. @unit bytes */
  readonly at: number;
  /** @unit bytes */
  readonly length: number;
}

/** One of the files, and the system's error. `EEXIST`: a directory has its name. */
export interface SmallContentsFailure {
  readonly index: number;
  readonly error: Error;
}

/** Makes, writes and closes every file in turn, also those behind one that fails. */
export function writeSmallContents(
  { memory, files, owner }: SmallContents,
  calls: SmallContentsCalls = smallContentsCalls,
): SmallContentsFailure[] {
  const failures: SmallContentsFailure[] = [];
  for (const [index, { file, position, at, length }] of files.entries()) {
    let fd: number | null = null;
    try {
      fd = typeof file === 'number' ? file : calls.make(file, length, owner);
      for (let done = 0; done < length; )
        done += calls.write(fd, new Uint8Array(memory, at + done, length - done), position + done);
    } catch (error) {
      failures.push({ index, error: error as Error });
    }
    try {
      // NFS and some quotas report here what they could not write.
      if (fd !== null) calls.close(fd);
    } catch (error) {
      failures.push({ index, error: error as Error });
    }
  }
  return failures;
}

export interface SmallContentsCalls {
  /** Writable, for so many bytes. */
  readonly make: (path: string, bytes: number, owner: Owner | null) => number;
  readonly write: (fd: number, bytes: Uint8Array, position: number) => number;
  readonly close: (fd: number) => void;
}

/** A test changes some of them. */
export const smallContentsCalls: SmallContentsCalls = {
  make: makeFile,
  write: (fd, bytes, position) => writeSync(fd, bytes, 0, bytes.byteLength, position),
  close: closeSync,
};

function makeFile(path: string, bytes: number, owner: Owner | null): number {
  const fd = newFile(path) ?? leftOver(path, bytes) ?? replacement(path);
  if (owner !== null) giveTo(fd, owner);
  return fd;
}

const create = (path: string): number => openSync(path, newFileFlags, mode);

/** Null when the name is taken. */
function newFile(path: string): number | null {
  try {
    return create(path);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return null;
    throw error;
  }
}

/**
 * The file that a killed attempt left, to be written over: for thousands of them that takes a fraction of what deleting
 * and making them takes, since ext4 passes by inodes that were given up a short time ago. Not emptied first, because
 * ext4 brings a file that was to the disk as soon as it is closed. Null when the name is not that of a plain file, or
 * not its only name.
 */
function leftOver(path: string, bytes: number): number | null {
  let fd: number;
  try {
    fd = openSync(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return null;
  }
  let isOurs = false;
  try {
    const stats = fstatSync(fd);
    isOurs = stats.isFile() && stats.nlink === 1;
    if (isOurs) {
      if (stats.size > bytes) ftruncateSync(fd, bytes);
      fchmodSync(fd, mode);
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  if (isOurs) return fd;
  closeSync(fd);
  return null;
}

/** @throws EEXIST when the name is a directory's */
function replacement(path: string): number {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!['EISDIR', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
  }
  return create(path);
}

/** Saves a second way to every file. Whoever needs the owner looks at it again, and says so when it may not be given. */
function giveTo(fd: number, { uid, gid }: Owner): void {
  try {
    fchownSync(fd, uid, gid);
  } catch (error) {
    if (systemCode(error) !== 'EPERM') throw error;
  }
}
