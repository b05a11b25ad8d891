import { readdir } from 'node:fs/promises';
import { buildModule } from '../wasm/build-module.ts';
import { instantiateWalScan, walScanWasmUrl } from './wal-scan-module.ts';

const checksums = new URL('../hash/assembly/', import.meta.url);

/** Compiles build/wal-scan.wasm; returns false when it was up to date. */
export async function buildWalScan(): Promise<boolean> {
  const ofChecksums = (await readdir(checksums)).map((name) => new URL(name, checksums));
  return buildModule({
    sources: new URL('./assembly/', import.meta.url),
    alsoFrom: [new URL(import.meta.url), ...ofChecksums],
    output: walScanWasmUrl,
    check: async (module) => {
      const { exports, memory } = await instantiateWalScan(module);
      if (exports.inputAt.value + exports.inputBytes.value > memory.length)
        throw new Error('wal-scan.wasm has too little memory');
    },
  });
}
