import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Check } from './container.ts';
import type { XzExports } from './xz-module.ts';

/** The check of one block's output. */
export class BlockCheck {
  readonly #check: Check;
  readonly #exports: XzExports;
  readonly #sha256: Hash | null;
  #crc32 = 0;
  #crc64 = 0n;

  /** `exports`: of the module in whose memory the output lies. */
  constructor(check: Check, exports: XzExports) {
    this.#check = check;
    this.#exports = exports;
    this.#sha256 = check === 'sha256' ? createHash('sha256') : null;
  }

  add(output: Uint8Array): void {
    if (this.#check === 'crc64')
      this.#crc64 = this.#exports.crc64(this.#crc64, output.byteOffset, output.length);
    else if (this.#check === 'crc32') this.#crc32 = crc32(output, this.#crc32);
    else this.#sha256?.update(output);
  }

  /** As it is stored. */
  digest(): Buffer {
    const bytes = Buffer.alloc(this.#check === 'crc64' ? 8 : 4);
    switch (this.#check) {
      case 'none':
        return Buffer.alloc(0);
      case 'crc32':
        bytes.writeUInt32LE(this.#crc32);
        return bytes;
      case 'crc64':
        bytes.writeBigUInt64LE(BigInt.asUintN(64, this.#crc64));
        return bytes;
      case 'sha256':
        return this.#sha256?.digest() ?? bytes;
    }
  }
}
