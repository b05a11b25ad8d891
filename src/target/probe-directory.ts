import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { alignment } from './aligned-buffers.ts';
import { existingPart } from './existing-part.ts';
import { systemCode } from './fs-errors.ts';
import type { Owner } from './tree.ts';
import { realCalls } from './writer-calls.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_RDWR } = constants;

/**
 * A file without a name (open(2), O_TMPFILE): nobody sees it, and a kill leaves nothing behind. Node does not name the
 * flag; its bit is the same on every platform of Linux that Node runs on, and O_DIRECTORY belongs to it.
 */
const O_TMPFILE = process.platform === 'linux' ? 0o20_000_000 | O_DIRECTORY : null;

/** What trying has shown. An `errno` (`EROFS`) is why something does not work; null: it does. */
export interface DirectoryProbe {
  /** What was tried out: the directory, or the nearest one above it that is there. */
  readonly directory: string;
  readonly exists: boolean;
  /** Why no file can be made in it; what follows is not known then. */
  readonly writing: string | null;
  /** fsync(2) of a file and of the directory. */
  readonly syncing: string | null;
  /** Giving a file to the owner that was asked about. */
  readonly owning: string | null;
  /** Writing past the page cache. */
  readonly directWriting: string | null;
  /** @unit bytes, for this process */
  readonly freeBytes: number;
  /** `nfs`, `tmpfs` and the like; null for a file system of a local disk, or one that odo does not know. */
  readonly kind: 'network' | 'memory' | null;
}

/** Tries out what a restore, or the journal, will do in a directory. Leaves nothing there. */
export async function probeDirectory(path: string, owner: Owner | null): Promise<DirectoryProbe> {
  const directory = await existingPart(path);
  const { bavail, bsize, type } = await fs.statfs(directory);
  const place = {
    directory,
    exists: directory === path,
    freeBytes: bavail * bsize,
    kind: kindOf(type),
  };
  const untried = { syncing: null, owning: null, directWriting: null };
  const opened = await openNameless(directory).catch((error: unknown) => errnoOf(error));
  if (typeof opened === 'string') return { ...place, ...untried, writing: opened };
  await using file = opened;
  const block = new Uint8Array(alignment);
  const syncing = await errnoIn(async () => {
    await file.write(block, 0, alignment, 0);
    await file.sync();
    await using handle = await fs.open(directory, O_DIRECTORY);
    await handle.sync();
  });
  const owning = owner === null ? null : await errnoIn(() => file.chown(owner.uid, owner.gid));
  return { ...place, writing: null, syncing, owning, directWriting: await tryDirectWriting(directory) };
}

/** The flag is enough: a file system that has no direct writing refuses to open with it (open(2), EINVAL). */
function tryDirectWriting(directory: string): Promise<string | null> {
  const { directFlag } = realCalls;
  if (directFlag === null) return Promise.resolve('EINVAL');
  return errnoIn(async () => {
    await using _file = await openNameless(directory, directFlag);
  });
}

async function openNameless(directory: string, flags = 0): Promise<fs.FileHandle> {
  if (O_TMPFILE !== null) {
    try {
      return await fs.open(directory, O_TMPFILE | O_RDWR | flags, 0o600);
    } catch (error) {
      // Not every file system has it (NFS, old overlays).
      if (!['ENOTSUP', 'EOPNOTSUPP', 'EISDIR'].includes(errnoOf(error))) throw error;
    }
  }
  const name = join(directory, `.odo-probe-${process.pid}`);
  await fs.rm(name, { force: true });
  const file = await fs.open(name, O_CREAT | O_EXCL | O_RDWR | flags, 0o600);
  await fs.rm(name);
  return file;
}

async function errnoIn(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return errnoOf(error);
  }
}

const errnoOf = (error: unknown): string => systemCode(error) ?? String(error);

/** f_type of statfs(2). */
const kinds = new Map<number, 'network' | 'memory'>([
  [0x6969, 'network'], // NFS
  [0x517b, 'network'], // SMB
  [0xff534d42, 'network'], // CIFS
  [0xfe534d42, 'network'], // SMB 2
  [0x01021997, 'network'], // 9P
  [0x00c36400, 'network'], // Ceph
  [0x0bd00bd0, 'network'], // Lustre
  [0x01021994, 'memory'], // tmpfs
  [0x858458f6, 'memory'], // ramfs
]);

// 32-bit systems sign-extend it.
const kindOf = (type: number): 'network' | 'memory' | null => kinds.get(type >>> 0) ?? null;
