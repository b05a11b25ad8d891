import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from '../../target/durable-fs.ts';

/** Of reports and plans: names of databases and places, no secrets, are for the group and not for everybody. */
export const reportMode = 0o640;

/** A collector has to find its file, and nobody else may put one there, whatever the umask. */
const directoryMode = 0o755;

/**
 * The whole new content, or the former file: a collector that reads meanwhile never sees a half. The name in between is
 * one of its own, since several runs may write the same file at once. Missing directories are made.
 */
export async function writeEvidenceFile(file: string, content: string, mode: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: directoryMode });
  // A collector's directory is often a link.
  const directory = await realpath(dirname(file));
  const temporary = join(directory, `.${basename(file)}.${randomBytes(6).toString('hex')}.odo-tmp`);
  try {
    {
      await using handle = await open(temporary, 'wx', mode);
      await handle.writeFile(content);
      await handle.sync();
    }
    await rename(temporary, join(directory, basename(file)));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}
