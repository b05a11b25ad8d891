import { buildModule } from '../wasm/build-module.ts';
import { instantiateModule, lz4WasmUrl } from './lz4-module.ts';

/** Compiles build/lz4.wasm; returns false when it was up to date. */
export async function buildLz4(): Promise<boolean> {
  return buildModule({
    sources: new URL('./assembly/', import.meta.url),
    alsoFrom: [new URL(import.meta.url)],
    output: lz4WasmUrl,
    check: async (module) => {
      const end = (await instantiateModule(module)).exports.staticDataEnd();
      // The pages behind the first are not this module's.
      if (end > 65_536) throw new Error(`Static data of lz4.wasm ends at ${end}, outside its page`);
    },
  });
}
