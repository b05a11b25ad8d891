import { errorCode } from '../../errors/odo-error.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { ArchiveObject, BaseBackup } from '../base-backup.ts';
import { sniffCodec } from '../codec-magic.ts';
import { readDecodedHead, readFirstBytes } from '../object-head.ts';
import { problem } from '../problem.ts';

/** @unit bytes */
const headBytes = 64 * 1024;

/** First bytes of an OpenPGP message: a packet of an encrypted session key, in either form of header (RFC 9580). */
const openPgpTags = [0x84, 0x85, 0x8c, 0xc1];

/** Brotli is believed by its name, so that only decoding shows what it is. */
async function isWhatItSays(
  storage: ObjectStorage,
  archive: ArchiveObject,
  signal: AbortSignal,
): Promise<boolean> {
  if (archive.codec !== 'brotli') return archive.codec !== 'unknown';
  try {
    const chunks = readDecodedHead(storage, archive, archive.codec, { signal, limitBytes: headBytes });
    for await (const chunk of chunks) if (sniffCodec(chunk) === 'none') return true;
  } catch (error) {
    if (errorCode(error) !== 'ARCHIVE_CORRUPT') throw error;
  }
  return false;
}

/**
 * Nothing that WAL-G stores says whether it encrypted the tars. When none of them is what its name promises, it did.
 * Null when one is.
 */
export async function encryptionProblem(
  storage: ObjectStorage,
  backup: BaseBackup,
  archives: readonly ArchiveObject[],
  signal: AbortSignal,
): Promise<ErrorData | null> {
  const [first] = archives;
  if (first === undefined) return null;
  for (const archive of archives) if (await isWhatItSays(storage, archive, signal)) return null;
  const [tag = 0] = await readFirstBytes(storage, first, signal, 1);
  const method = openPgpTags.includes(tag) ? 'OpenPGP' : 'libsodium or the key service of a cloud';
  return problem(
    'FORMAT_UNKNOWN',
    `Backup ${backup.id} seems to be encrypted, by its first bytes with ${method}: no tar of it is what its name says.`,
    'This version of odo cannot decrypt what WAL-G encrypts. Restore it with wal-g backup-fetch, or copy the backup and its WAL decrypted to another prefix and give that.',
    { method },
  );
}
