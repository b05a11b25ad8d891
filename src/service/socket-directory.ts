import { lchown, lstat, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { atPath, systemCode } from '../target/fs-errors.ts';
import type { Owner } from '../target/tree.ts';

/** UNIXSOCK_PATH_BUFLEN (pqcomm.h): sun_path of unix(7), with its terminating zero. */
const longestPath = 107;

/** In the work directory, or below /tmp where its name would be too long for a socket. */
export function socketDirectoryOf(workDirectory: string, runId: string): string {
  const preferred = join(workDirectory, 'run');
  const fits = Buffer.byteLength(join(preferred, '.s.PGSQL.65535')) <= longestPath;
  return fits ? preferred : join(tmpdir(), `odo-${runId}`);
}

/** Only the owner gets in. One that is there already must be so, and no link: /tmp is everybody's. */
export async function makeSocketDirectory(path: string, owner: Owner): Promise<void> {
  await atPath(path, async () => {
    try {
      await mkdir(path, { mode: 0o700 });
      if (process.getuid?.() !== owner.uid) await lchown(path, owner.uid, owner.gid);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      const found = await lstat(path);
      if (found.isDirectory() && found.uid === owner.uid && (found.mode & 0o077) === 0) return;
      throw new OdoError('PRECONDITION_FAILED', `${path} is there already and is not odo's.`, {
        hint: 'Look at it, remove it and resume the run.',
        details: { path },
      });
    }
  });
}

export async function removeSocketDirectory(path: string): Promise<void> {
  await atPath(path, () => rm(path, { recursive: true, force: true }));
}
