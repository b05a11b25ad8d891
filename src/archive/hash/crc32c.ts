import { copyBytes } from '../../target/copy-bytes.ts';
import type { FileHash } from '../file-hash.ts';
import { type HashModule, openHashModule } from './hash-module.ts';

/** Folding ends with 209 words that go through tables, so it gains nothing for less than about twice as much. */
const foldedFromBytes = 2 * 209 * 16;

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
    const { exports, data } = this.#module;
    let register = ~this.#crc;
    let at = 0;
    if (bytes.length >= foldedFromBytes) {
      const end = bytes.length - (bytes.length % 16);
      exports.begin();
      for (; at < end; at += data.length) {
        const piece = bytes.subarray(at, Math.min(at + data.length, end));
        copyBytes(piece, data, 0);
        exports.fold(at === 0 ? register : 0, piece.length);
      }
      register = exports.finish();
      at = end;
    }
    if (at < bytes.length) {
      copyBytes(at === 0 ? bytes : bytes.subarray(at), data, 0);
      register = exports.byTables(register, bytes.length - at);
    }
    this.#crc = ~register >>> 0;
  }

  digest(): string {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(this.#crc);
    return bytes.toString('hex');
  }
}
