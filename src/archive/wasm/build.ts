/** All WebAssembly modules: `node src/archive/wasm/build.ts`, or from code. */
import { buildBzip2 } from '../bzip2/build.ts';
import { buildHash } from '../hash/build.ts';
import { buildInflate } from '../inflate/build.ts';
import { buildLz4 } from '../lz4/build.ts';
import { buildSnappy } from '../snappy/build.ts';
import { buildWalScan } from '../wal-scan/build.ts';
import { buildXz } from '../xz/build.ts';

/** Of each folder of src/archive that has an assembly/; each says build/<folder>.wasm. */
const builds = [buildBzip2, buildHash, buildInflate, buildLz4, buildSnappy, buildWalScan, buildXz];

/** Builds what is not up to date. */
export async function buildModules(): Promise<void> {
  for (const build of builds) await build();
}

if (import.meta.main) await buildModules();
