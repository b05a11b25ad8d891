import { buildModule } from '../wasm/build-module.ts';
import { hashWasmUrl, instantiateHash } from './hash-module.ts';

/** Compiles build/hash.wasm; returns false when it was up to date. */
export async function buildHash(): Promise<boolean> {
  return buildModule({
    sources: new URL('./assembly/', import.meta.url),
    alsoFrom: [new URL(import.meta.url)],
    output: hashWasmUrl,
    check: async (module) => {
      const { exports, data } = await instantiateHash(module);
      if (data.byteOffset + data.length > data.buffer.byteLength)
        throw new Error('hash.wasm has too little memory');
      // It works in memories of others: what is below its own pages must be as it was.
      const memory = new WebAssembly.Memory({ initial: 4, maximum: 1024, shared: true });
      const below = new Uint8Array(memory.buffer, 0, 65_536).fill(0xa5);
      await instantiateHash(module, memory);
      exports.crc32(0, exports.dataAt.value, 65_536);
      if (below.some((byte) => byte !== 0xa5)) throw new Error('hash.wasm writes below its own pages');
    },
  });
}
