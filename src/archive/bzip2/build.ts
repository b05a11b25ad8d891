import { buildModule } from '../wasm/build-module.ts';
import { memoryPages } from '../wasm/memory-pages.ts';
import { bzip2WasmUrl, instantiateBlocks } from './bzip2-module.ts';

/** Compiles build/bzip2.wasm; returns false when it was up to date. */
export async function buildBzip2(): Promise<boolean> {
  return buildModule({
    sources: new URL('./assembly/', import.meta.url),
    alsoFrom: [new URL(import.meta.url)],
    output: bzip2WasmUrl,
    check: async (module) => {
      // Several instances work in one memory: what lies before a workspace must be as it was.
      const memory = new WebAssembly.Memory({ ...memoryPages, initial: 200, shared: true });
      const below = new Uint8Array(memory.buffer, 0, 65_536).fill(0xa5);
      const exports = await instantiateBlocks(module, memory);
      exports.useWorkspace(65_536);
      exports.decodeBlock(65_536 + exports.inputAt.value, 0, 65_536 + exports.inputAt.value + 100);
      if (below.some((byte) => byte !== 0xa5)) throw new Error('bzip2.wasm writes before its workspace');
    },
  });
}
