import type { ErrorData } from '../../errors/serialize.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { ArchiveObject, BaseBackup } from '../base-backup.ts';
import { readFirstBytes } from '../object-head.ts';
import { problem } from '../problem.ts';

/** First bytes of an OpenPGP message: a packet of an encrypted session key, in either form of header (RFC 9580). */
const openPgpTags = [0x84, 0x85, 0x8c, 0xc1];

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
  if (first === undefined || archives.some(({ codec }) => codec !== 'unknown')) return null;
  const [tag = 0] = await readFirstBytes(storage, first, signal, 1);
  const method = openPgpTags.includes(tag) ? 'OpenPGP' : 'libsodium or the key service of a cloud';
  return problem(
    'FORMAT_UNKNOWN',
    `Backup ${backup.id} seems to be encrypted, by its first bytes with ${method}: no tar of it is what its name says.`,
    'This version of odo cannot decrypt what WAL-G encrypts. Restore it with wal-g backup-fetch, or copy the backup and its WAL decrypted to another prefix and give that.',
    { method },
  );
}
