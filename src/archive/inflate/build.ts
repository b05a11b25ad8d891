import { buildModule } from '../wasm/build-module.ts';
import { inflateMemoryPages, inflateWasmUrl, instantiateModule } from './inflate-module.ts';

/** Static data must stay below the first table (LITLEN in assembly/index.ts). */
const firstTable = 4096;

/** Compiles build/inflate.wasm; returns false when it was up to date. */
export async function buildInflate(): Promise<boolean> {
  return buildModule({
    sources: new URL('./assembly/', import.meta.url),
    alsoFrom: [new URL(import.meta.url)],
    output: inflateWasmUrl,
    // Grown by the decoder to what its buffers need.
    initialPages: inflateMemoryPages.initial,
    flags: [
      // The decoder's output is read by the thread that writes the files.
      ...['--enable', 'threads', '--importMemory', '--sharedMemory'],
      ...['--maximumMemory', String(inflateMemoryPages.maximum)],
    ],
    check: async (module) => {
      const imports = WebAssembly.Module.imports(module);
      if (imports.length !== 1 || imports[0]?.kind !== 'memory')
        throw new Error(`inflate.wasm must import its memory and nothing else: ${JSON.stringify(imports)}`);
      const { exports } = await instantiateModule(module);
      const end = exports.staticDataEnd();
      if (end > firstTable) throw new Error(`Static data of inflate.wasm ends at ${end}, inside its tables`);
    },
  });
}
