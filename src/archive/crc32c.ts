import type { FileHash } from './file-hash.ts';
import { type Inflate, instantiateInflate } from './inflate/inflate-module.ts';

/** Copied piecewise into the module's memory: small enough to be in the cache when it is summed up. */
const pieceBytes = 64 * 1024;

let shared: Promise<Inflate> | undefined;

async function prepare(): Promise<Inflate> {
  const module = await instantiateInflate();
  const missing = module.exports.buffersAt.value + pieceBytes - module.memory.buffer.byteLength;
  if (missing > 0) module.memory.grow(Math.ceil(missing / 65_536));
  return module;
}

/** CRC-32C (Castagnoli), the default of backup_manifest. Node has only the other CRC-32, so it lives in our module. */
export class Crc32c implements FileHash {
  readonly #module: Inflate;
  readonly #memory: Uint8Array;
  #crc: number;

  private constructor(module: Inflate, crc: number) {
    this.#module = module;
    this.#memory = new Uint8Array(module.memory.buffer, module.exports.buffersAt.value, pieceBytes);
    this.#crc = crc;
  }

  static async open(crc = 0): Promise<Crc32c> {
    shared ??= prepare();
    return new Crc32c(await shared, crc);
  }

  get saved(): number {
    return this.#crc;
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      this.#memory.set(piece);
      this.#crc =
        this.#module.exports.crc32c(this.#crc, this.#module.exports.buffersAt.value, piece.length) >>> 0;
    }
  }

  digest(): string {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(this.#crc);
    return bytes.toString('hex');
  }
}
