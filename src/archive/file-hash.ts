export interface FileHash {
  update(bytes: Uint8Array): void;
  /** Lower-case hexadecimal, as in the manifest; ends the hash. */
  digest(): string;
  /** Null: cannot be saved (node:crypto), the bytes so far must be hashed again. */
  readonly saved: number | null;
}
