import type { FileHash } from '../file-hash.ts';
import { type HashModule, openHashModule, sumUp } from './hash-module.ts';

/** CRC-32C (Castagnoli), the default of backup_manifest. Node has only the other CRC-32, so it lives in our module. */
export class Crc32c implements FileHash {
  readonly #module: HashModule;
  #crc: number;

  private constructor(module: HashModule, crc: number) {
    this.#module = module;
    this.#crc = crc;
  }

  static async open(crc = 0): Promise<Crc32c> {
    return new Crc32c(await openHashModule(), crc);
  }

  get saved(): number {
    return this.#crc;
  }

  update(bytes: Uint8Array): void {
    this.#crc = sumUp(this.#module, 'crc32c', this.#crc, bytes);
  }

  digest(): string {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(this.#crc);
    return bytes.toString('hex');
  }
}
