import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from './fs-errors.ts';

/** The calls that durability rests on; a test hands in its own and looks at their order. */
export interface DurableCalls {
  readonly open: typeof fs.open;
  readonly rename: typeof fs.rename;
  readonly rm: typeof fs.rm;
}

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** After a rename or a creation: makes the names in `directory` survive a power loss. */
export async function syncDirectory(directory: string | Buffer, calls: DurableCalls = fs): Promise<void> {
  await using handle = await calls.open(directory as string, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  await handle.sync();
}

/** Content, and with `metadata` also owner and mode (fdatasync leaves those to later), of a file that is there. */
export async function syncFile(
  path: string | Buffer,
  what: 'content' | 'metadata',
  calls: DurableCalls = fs,
): Promise<void> {
  // Linux allows syncing through a read-only descriptor. A write-back error that happened before this open is
  // still reported to it as long as nobody has seen it and the inode is in memory (errseq_t, since 4.17).
  await using handle = await calls.open(path as string, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  await (what === 'content' ? handle.datasync() : handle.sync());
}

/** Of the names that files have while they are written. */
export const temporaryEnding = '.odo-tmp';

/**
 * The name a file has while it is written. It depends on the file's name only, so the next attempt
 * overwrites what a crash left behind.
 */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}${temporaryEnding}`);
}

/** The whole new content or, after a crash before this resolves, the former file: never a mixture. */
export async function writeFileDurably(
  path: string,
  content: Uint8Array | string,
  mode: number,
  calls: DurableCalls = fs,
): Promise<void> {
  const temporary = temporaryName(path);
  await writeAnew(temporary, content, mode, calls);
  await calls.rename(temporary, path);
  await syncDirectory(dirname(path), calls);
}

async function writeAnew(
  path: string,
  content: Uint8Array | string,
  mode: number,
  calls: DurableCalls,
): Promise<void> {
  await calls.rm(path, { force: true, recursive: true });
  await using handle = await calls.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  await handle.chmod(mode); // the umask may have taken bits away
  await handle.writeFile(content);
  await handle.sync();
}

/** File systems without a second name for a file: FAT, some FUSE (link(2)). */
const cannotLink = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * The whole file, unless something has that name: then false. A rename would replace what another process put there
 * just before, a second name cannot. Known weakness: where the file system has none, it is a rename.
 */
export async function createFileDurably(
  path: string,
  aside: string,
  content: string,
  mode: number,
): Promise<boolean> {
  await writeAnew(aside, content, mode, fs);
  try {
    await fs.link(aside, path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return false;
    if (code === undefined || !cannotLink.includes(code)) throw error;
    await fs.rename(aside, path);
  } finally {
    await fs.rm(aside, { force: true });
  }
  await syncDirectory(dirname(path));
  return true;
}

/** Both directories are on disk when it resolves. */
export async function renameDurably(from: string, to: string, calls: DurableCalls = fs): Promise<void> {
  await calls.rename(from, to);
  await syncParents(from, to, calls);
}

/** The target's directory first: after a crash in between, the file has two names rather than none. */
export async function syncParents(from: string, to: string, calls: DurableCalls = fs): Promise<void> {
  await syncDirectory(dirname(to), calls);
  if (dirname(from) !== dirname(to)) await syncDirectory(dirname(from), calls);
}
