import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { syncDirectory, temporaryName } from '../target/durable-fs.ts';
import { fsError, systemCode } from '../target/fs-errors.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** Puts new text in the place of a file of the operator's: whole or not at all, mode and owner kept, links followed. */
export async function replaceFile(path: string, text: string): Promise<void> {
  try {
    const real = await fs.realpath(path);
    const { mode, uid, gid } = await fs.stat(real);
    const temporary = temporaryName(real);
    await fs.rm(temporary, { force: true });
    {
      await using handle = await fs.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      await handle.writeFile(text);
      const made = await handle.stat();
      if (made.uid !== uid || made.gid !== gid) await handle.chown(uid, gid);
      await handle.chmod(mode & 0o7777); // after chown, which takes bits away
      await handle.sync();
    }
    await fs.rename(temporary, real);
    await syncDirectory(dirname(real));
  } catch (error) {
    if (systemCode(error) !== 'EBUSY') throw fsError(error, path);
    throw new OdoError(
      'PRECONDITION_FAILED',
      `${path} is a mount of its own, so it cannot be replaced whole.`,
      {
        hint: 'Mount the directory that holds it instead of the single file.',
        details: { path },
        cause: error,
      },
    );
  }
}
