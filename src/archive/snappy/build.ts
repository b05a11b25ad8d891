import { buildModule } from '../wasm/build-module.ts';
import { instantiateModule, snappyWasmUrl } from './snappy-module.ts';

/** Compiles build/snappy.wasm; returns false when it was up to date. */
export async function buildSnappy(): Promise<boolean> {
  return buildModule({
    sources: new URL('./assembly/', import.meta.url),
    alsoFrom: [new URL(import.meta.url), new URL('../lz4/assembly/copy-match.ts', import.meta.url)],
    output: snappyWasmUrl,
    check: async (module) => {
      const end = (await instantiateModule(module)).exports.staticDataEnd();
      // The pages behind the first are not this module's.
      if (end > 65_536) throw new Error(`Static data of snappy.wasm ends at ${end}, outside its page`);
    },
  });
}
