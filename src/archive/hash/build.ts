import { buildModule } from '../wasm/build-module.ts';
import { hashWasmUrl, instantiateHash } from './hash-module.ts';

/** Static data must stay below the first table (assembly/memory.ts). */
const firstTable = 4096;

/** Compiles build/hash.wasm; returns false when it was up to date. */
export async function buildHash(): Promise<boolean> {
  return buildModule({
    sources: new URL('./assembly/', import.meta.url),
    alsoFrom: [new URL(import.meta.url)],
    output: hashWasmUrl,
    initialPages: 2,
    flags: [],
    check: async (module) => {
      const imports = WebAssembly.Module.imports(module);
      if (imports.length > 0) throw new Error(`hash.wasm must import nothing: ${JSON.stringify(imports)}`);
      const { exports, data } = await instantiateHash(module);
      const end = exports.staticDataEnd();
      if (end > firstTable) throw new Error(`Static data of hash.wasm ends at ${end}, inside its tables`);
      if (data.byteOffset + data.length > data.buffer.byteLength)
        throw new Error('hash.wasm has too little memory');
    },
  });
}
