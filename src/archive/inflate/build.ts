import { buildModule } from '../wasm/build-module.ts';
import { inflateWasmUrl, instantiateModule } from './inflate-module.ts';

/** Static data must stay below the first table (LITLEN in assembly/index.ts). */
const firstTable = 4096;

/** Compiles build/inflate.wasm; returns false when it was up to date. */
export async function buildInflate(): Promise<boolean> {
  return buildModule({
    sources: new URL('./assembly/', import.meta.url),
    alsoFrom: [new URL(import.meta.url)],
    output: inflateWasmUrl,
    check: async (module) => {
      const { exports } = await instantiateModule(module);
      const end = exports.staticDataEnd();
      if (end > firstTable) throw new Error(`Static data of inflate.wasm ends at ${end}, inside its tables`);
    },
  });
}
