import { createHash, type Hash } from 'node:crypto';
import type { FileHash } from './file-hash.ts';
import { Crc32c } from './hash/crc32c.ts';

/** Algorithms of backup_manifest (PostgreSQL src/common/checksum_helper.c). */
export type ManifestAlgorithm = 'CRC32C' | 'SHA224' | 'SHA256' | 'SHA384' | 'SHA512';

/** What backup_manifest says about one file. */
export interface ExpectedFile {
  readonly sizeBytes: number;
  /** Null when the manifest was made without checksums: only the size is compared. */
  readonly algorithm: ManifestAlgorithm | null;
  /** Hexadecimal. CRC-32C is the number's bytes in little-endian order, as the server's memory holds them. */
  readonly checksum: string | null;
}

class ShaHash implements FileHash {
  readonly #hash: Hash;
  readonly saved = null;

  constructor(algorithm: string) {
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** `saved`: the state of a hash that was interrupted. */
export async function openFileHash(
  algorithm: ManifestAlgorithm,
  saved: number | null = null,
): Promise<FileHash> {
  return algorithm === 'CRC32C' ? Crc32c.open(saved ?? 0) : new ShaHash(algorithm.toLowerCase());
}
