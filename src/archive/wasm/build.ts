/** All WebAssembly modules: `node src/archive/wasm/build.ts`, or from code. */
import { buildHash } from '../hash/build.ts';
import { buildInflate } from '../inflate/build.ts';

/** Builds what is not up to date. */
export async function buildModules(): Promise<void> {
  await buildInflate();
  await buildHash();
}

if (import.meta.main) await buildModules();
