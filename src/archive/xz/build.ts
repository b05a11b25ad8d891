import { buildModule } from '../wasm/build-module.ts';
import { instantiateXzModule, xzWasmUrl } from './xz-module.ts';

/** Static data must stay below the first table (CRC64 in assembly/layout.ts). */
const firstTable = 1024;

/** Compiles build/xz.wasm; returns false when it was up to date. */
export async function buildXz(): Promise<boolean> {
  return buildModule({
    sources: new URL('./assembly/', import.meta.url),
    alsoFrom: [new URL(import.meta.url)],
    output: xzWasmUrl,
    check: async (module) => {
      const { exports } = await instantiateXzModule(module);
      const end = exports.staticDataEnd();
      if (end > firstTable) throw new Error(`Static data of xz.wasm ends at ${end}, inside its tables`);
    },
  });
}
